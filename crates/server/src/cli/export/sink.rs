//! Where an export is written to, and in which form. In: VCF text. Out: that text, or BGZF blocks of it or of
//! its BCF, in a file or on standard output. A file appears under its name only when it is whole.

use super::super::exit::stdout_error;
use super::bcf::Spool;
use anyhow::Context as _;
use noodles_bgzf as bgzf;
use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Forms of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// VCF
    #[value(name = "v")]
    Vcf,
    /// VCF compressed with BGZF
    #[value(name = "z")]
    Bgzf,
    /// BCF
    #[value(name = "b")]
    Bcf,
}

impl Form {
    /// What the name of a file says.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "vcf" => Some(Self::Vcf),
            "gz" | "bgz" => Some(Self::Bgzf),
            "bcf" => Some(Self::Bcf),
            _ => None,
        }
    }

    pub(super) fn is_binary(self) -> bool {
        self != Self::Vcf
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vcf => "VCF text",
            Self::Bgzf => "VCF compressed with BGZF",
            Self::Bcf => "BCF",
        })
    }
}

/// An output being written.
pub(super) struct Sink {
    encoder: Encoder,
    /// The file to be, its bytes still in a file beside it.
    file: Option<(NamedTempFile, PathBuf)>,
}

enum Encoder {
    Vcf(BufWriter<Target>),
    /// Dropped only when it is whole: a writer that is dropped ends its file as if it were.
    Bgzf(ManuallyDrop<Blocks>),
    Bcf(Box<Spool>, ManuallyDrop<Blocks>),
}

type Blocks = bgzf::io::Writer<BufWriter<Target>>;

/// Where bytes go.
enum Target {
    Stdout(io::Stdout),
    File(File),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

impl Sink {
    /// Begins an output to `file`, or to standard output.
    pub(super) fn open(form: Form, file: Option<&Path>) -> anyhow::Result<Self> {
        let (target, file) = match file {
            None => (Target::Stdout(io::stdout()), None),
            // A pipe or a device is written as it is.
            Some(path) if path.exists() && !path.is_file() => {
                let file = File::options().write(true).open(path);
                (Target::File(file.with_context(|| format!("cannot write to {}", path.display()))?), None)
            }
            Some(path) => {
                let cannot = || format!("cannot write to {}", path.display());
                let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let part = tempfile::Builder::new()
                    .prefix(".varberg-export-")
                    .permissions(Permissions::from_mode(0o666)) // less what the umask takes, as for any new file
                    .tempfile_in(beside)
                    .with_context(cannot)?;
                let handle = part.as_file().try_clone().with_context(cannot)?;
                (Target::File(handle), Some((part, path.to_owned())))
            }
        };
        let target = BufWriter::with_capacity(1 << 18, target);
        let encoder = match form {
            Form::Vcf => Encoder::Vcf(target),
            Form::Bgzf => Encoder::Bgzf(ManuallyDrop::new(Blocks::new(target))),
            Form::Bcf => {
                let directory = file.as_ref().and_then(|(part, _)| part.path().parent());
                let spool = Spool::new(directory).context("cannot make a temporary file")?;
                Encoder::Bcf(Box::new(spool), ManuallyDrop::new(Blocks::new(target)))
            }
        };
        Ok(Self { encoder, file })
    }

    /// Appends whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> anyhow::Result<()> {
        let written = match &mut self.encoder {
            Encoder::Vcf(out) => out.write_all(lines),
            Encoder::Bgzf(out) => out.write_all(lines),
            Encoder::Bcf(spool, _) => spool.write(lines),
        };
        written.map_err(|error| told(error, self.file.is_some()))
    }

    /// Ends the output; a file gets its name.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let in_file = self.file.is_some();
        let finished = match self.encoder {
            Encoder::Vcf(mut out) => out.flush(),
            Encoder::Bgzf(out) => end(out),
            Encoder::Bcf(spool, mut out) => {
                spool.finish(&mut *out, &|error| told(error, in_file))?;
                end(out)
            }
        };
        finished.map_err(|error| told(error, in_file))?;
        if let Some((part, path)) = self.file {
            part.persist(&path).with_context(|| format!("cannot write to {}", path.display()))?;
        }
        Ok(())
    }
}

/// With the empty block that ends a BGZF file.
fn end(out: ManuallyDrop<Blocks>) -> io::Result<()> {
    ManuallyDrop::into_inner(out).finish()?.flush()
}

fn told(error: io::Error, in_file: bool) -> anyhow::Error {
    if in_file { anyhow::Error::new(error).context("cannot write the output") } else { stdout_error(error) }
}
