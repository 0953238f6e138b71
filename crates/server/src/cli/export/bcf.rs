//! Lines on their way to BCF. In: VCF text, header first. Out: BCF, uncompressed. BCF names everything by its place in
//! the header, which comes first, while VCF may use names that its header does not declare: so lines wait in a file
//! without a name until the last one is known.

use anyhow::Context as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::Path;
use varberg_formats::bcf::encode::{EncodeError, Encoder, Names};

/// As fast as the disk; the file lives for minutes.
const LEVEL: i32 = 1;

/// Lines that wait.
pub(super) struct Spool {
    header: String,
    names: Names,
    lines: zstd::stream::write::Encoder<'static, File>,
}

impl Spool {
    /// A spool in `directory`, or where temporary files are.
    pub(super) fn new(directory: Option<&Path>) -> io::Result<Self> {
        let file = directory.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
        Ok(Self {
            header: String::new(),
            names: Names::default(),
            lines: zstd::stream::write::Encoder::new(file, LEVEL)?,
        })
    }

    /// Appends whole lines; the first ones are the header, all of it.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.header.is_empty() {
            self.header = String::from_utf8_lossy(lines).into_owned();
            self.names = Names::of(&self.header);
            return Ok(());
        }
        lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).for_each(|line| self.names.see(line));
        self.lines.write_all(lines)
    }

    /// Writes the BCF of all lines, and nothing more after one that BCF cannot hold as it is; `told` makes an error of one of `out`.
    pub(super) fn finish(self, out: &mut impl Write, told: &dyn Fn(io::Error) -> anyhow::Error) -> anyhow::Result<()> {
        let (mut encoder, start) = Encoder::new(&self.names.complete_header(&self.header))?;
        out.write_all(&start).map_err(told)?;
        let mut file = self.lines.finish().context("cannot write a temporary file")?;
        file.rewind().context("cannot read a temporary file")?;
        let mut lines = BufReader::new(zstd::stream::read::Decoder::new(file)?);
        let (mut line, mut record) = (Vec::new(), Vec::new());
        while lines.read_until(b'\n', &mut line).context("cannot read a temporary file")? > 0 {
            encoder.encode_record(&line, &mut record).map_err(|error| advise(&error))?;
            out.write_all(&record).map_err(told)?;
            line.clear();
            record.clear();
        }
        Ok(())
    }
}

/// VCF holds every text.
fn advise(error: &EncodeError) -> anyhow::Error {
    anyhow::anyhow!("{error}; export it as VCF, with -O z or -O v")
}
