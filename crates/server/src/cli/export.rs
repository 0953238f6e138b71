//! `varberg export`: from a store back to a VCF or BCF file.
//!
//! The straight line: which files of the store ([`choice`]), one header of theirs, then file by file the rows of a bounded
//! number of records at a time ([`rows`]), as text again (`varberg_rows::Implode`), to the output ([`sink`]). The server
//! is asked for rows only; text and compression are made here.

mod bcf;
mod choice;
mod region;
mod rows;
mod sink;

use super::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, OutputFormat};
use choice::Choice;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sink::{Form, Sink};
use std::path::PathBuf;
use varberg_formats::vcf;

/// What to export, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Records come back as they were imported, in the order of their file; normalized imports come back normalized. Several
files of a store become one output when they have the same sample columns: their records follow one another, file by
file, and their headers are joined.

Examples:
  varberg export cohort -o cohort.vcf.gz                    BGZF, by the name of the file
  varberg export cohort | bcftools stats                    text on standard output
  varberg export cohort --sample NA12878 --sample NA12891 -o two.vcf.gz
  varberg export cohort -r chr20 -r chr21:1,000,000-2,000,000 -O v
  varberg export cohort --job 01234567-… --item 0 -o first.vcf

A region is CONTIG, CONTIG:POS, CONTIG:FROM- or CONTIG:FROM-TO, 1-based, both ends included; a record counts when it
overlaps one.")]
pub struct ExportArgs {
    /// The store
    #[arg(value_parser = super::store::store_name)]
    store: String,
    /// Only files of this import job
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Only the file at this place of its job, from 0; needs --job where the store has files of several jobs
    #[arg(long, value_name = "N")]
    item: Option<u32>,
    /// Only the column of this sample; repeat for several, which come in the order given
    #[arg(short, long = "sample", value_name = "NAME")]
    samples: Vec<String>,
    /// Only records that overlap this region; repeat for several
    #[arg(short, long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Form: v is VCF, z is VCF with BGZF, b is BCF; by the name of the file when left out, else v
    #[arg(short = 'O', long = "output-type", value_enum, value_name = "FORM")]
    form: Option<Form>,
    /// Write to this file instead of standard output (`-`)
    #[arg(short = 'o', long = "output-file", value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) async fn run(args: ExportArgs, context: &Context) -> anyhow::Result<Exit> {
    let args = ExportArgs { file: args.file.filter(|file| file.as_os_str() != "-"), ..args };
    let named = args.file.as_deref().and_then(Form::of_file);
    let form = args.form.or(named).unwrap_or(Form::Vcf);
    if args.file.is_none() && form.is_binary() && output::stdout_is_terminal() {
        let text = "a terminal cannot show this form; write it to a file with -o FILE or > FILE";
        return Err(UsageError(text.to_owned()).into());
    }
    if let (Some(file), Some(named)) = (&args.file, named.filter(|named| *named != form)) {
        output::say(&format!("warning: {} will be {form}, though its name says {named}", file.display()));
    }
    let choice = Choice::make(context, &args).await?;
    let merged = vcf::merge_headers(choice.files.iter().map(|file| file.header.text()));
    for conflict in &merged.conflicts {
        output::say(&format!("warning: the files declare {conflict} differently; the first declaration is written"));
    }
    let mut header = merged.text.into_bytes();
    let format = choice.files.iter().any(|file| file.header.has_format());
    vcf::put_columns_line(format, &choice.samples, &mut header);
    let mut sink = Sink::open(form, args.file.as_deref())?;
    sink.write(&header)?;
    // A bar between the records on a terminal would only disturb.
    let shown = args.file.is_some() || !output::stdout_is_terminal();
    let bar = if shown { progress(&choice) } else { ProgressBar::hidden() };
    let mut records = 0;
    for file in &choice.files {
        records += rows::copy(context, &choice, file, &mut sink, &bar).await?;
    }
    sink.finish()?;
    bar.finish_and_clear();
    if records == 0 && !args.regions.is_empty() {
        output::say("warning: no record overlaps the regions; contig names must be those of the file (chr1 is not 1)");
    }
    if let Some(file) = &args.file {
        match context.output {
            OutputFormat::Json => context.stdout.json(&json!({ "records": records, "file": file }))?,
            OutputFormat::Text => output::say(&format!("{} records written", output::count(records))),
        }
    }
    Ok(Exit::Done)
}

/// Invisible where standard error is not a terminal.
fn progress(choice: &Choice) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} records  {elapsed}");
    let bar = ProgressBar::new(choice.files.iter().map(|file| file.records()).sum());
    if let Ok(style) = style { bar.with_style(style.progress_chars("=> ")) } else { bar }
}
