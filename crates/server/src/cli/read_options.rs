//! How a file of an annotation store is to be read, as it is written on the command line.

use serde_json::{Map, Value, json};

/// Options of delimited text and of VCF files. Without any of the former, files have tabs and a header line.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Files of annotation stores")]
pub(super) struct ReadArgs {
    /// Version of the annotation store; the first one when left out
    #[arg(long, value_parser = super::store::store_name)]
    version: Option<String>,
    /// What separates fields: 1 to 20 characters, \t for a tab [default: \t]
    #[arg(long)]
    sep: Option<String>,
    /// The first line names the columns. Without any option about the text this is so by itself
    #[arg(long)]
    header: bool,
    /// Lines that begin with this character are skipped
    #[arg(long, value_name = "CHAR")]
    comment: Option<String>,
    /// Character around fields [default: "]
    #[arg(long, value_name = "CHAR")]
    quote: Option<String>,
    /// Character that makes a quote text [default: \]
    #[arg(long, value_name = "CHAR")]
    escape: Option<String>,
    /// UTF-8, UTF-16, UTF-16LE, UTF-16BE, ISO-8859-1, US-ASCII or windows-1252 [default: UTF-8]
    #[arg(long)]
    encoding: Option<String>,
    /// What ends lines, 1 or 2 characters [default: any of \n, \r\n, \r]
    #[arg(long, value_name = "TEXT")]
    line_sep: Option<String>,
    /// Leave the column qual of a VCF file empty
    #[arg(long)]
    ignore_qual: bool,
    /// Leave the column filters of a VCF file empty
    #[arg(long)]
    ignore_filter: bool,
}

impl ReadArgs {
    pub(super) fn is_empty(&self) -> bool {
        self.version.is_none() && self.read_options().is_empty() && !self.header && !self.ignores()
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn ignores(&self) -> bool {
        self.ignore_qual || self.ignore_filter
    }

    /// `formatOptions`, if there is something to say.
    pub(super) fn format_options(&self) -> Option<Value> {
        let mut read = self.read_options();
        if !read.is_empty() || self.header {
            read.entry("sep").or_insert_with(|| json!("\t"));
            read.insert("header".to_owned(), json!(self.header));
            return Some(json!({ "tsvOptions": { "readOptions": read } }));
        }
        let vcf = json!({ "ignoreQualField": self.ignore_qual, "ignoreFilterField": self.ignore_filter });
        self.ignores().then(|| json!({ "vcfOptions": vcf }))
    }

    fn read_options(&self) -> Map<String, Value> {
        let given = [
            ("sep", &self.sep),
            ("comment", &self.comment),
            ("quote", &self.quote),
            ("escape", &self.escape),
            ("encoding", &self.encoding),
            ("lineSep", &self.line_sep),
        ];
        given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(unescaped(text.as_ref()?))))).collect()
    }
}

/// `\t`, `\n` and `\r` as they are written in a shell.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r")
}
