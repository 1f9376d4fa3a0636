//! The records of a CSV file with the line that each begins in, one at a time, so that a bad one spoils no other.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use csv::StringRecord;

/// Physical lines that one record may have, of a summary that is broken into lines.
const LONGEST: usize = 100;

/// Reads records.
pub(super) struct Records<R> {
    input: R,
    /// Lines that were read ahead and belong to later records.
    ahead: VecDeque<Vec<u8>>,
    /// The number of the last line that was taken.
    line: u64,
    /// Bytes that were taken.
    pub(super) position: u64,
}

impl<R: BufRead> Records<R> {
    /// The records of this input.
    pub(super) fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new(), line: 0, position: 0 }
    }

    /// The next record that is not empty with the number of its first line, from 1; or what is wrong with it.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Result<StringRecord, String>)>> {
        loop {
            let Some(first) = self.take()? else { return Ok(None) };
            if first.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let number = self.line;
            let mut lines = vec![first];
            while is_open(&lines) {
                let next = if lines.len() < LONGEST { self.take()? } else { None };
                let Some(next) = next else {
                    self.give_back(lines.split_off(1));
                    let problem = "a quote is opened in this line and not closed".to_owned();
                    return Ok(Some((number, Err(problem))));
                };
                lines.push(next);
            }
            return Ok(Some((number, parse(&lines.concat()))));
        }
    }

    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = match self.ahead.pop_front() {
            Some(line) => line,
            None => {
                let mut line = Vec::new();
                self.input.read_until(b'\n', &mut line)?;
                line
            }
        };
        if line.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        self.position += line.len() as u64;
        Ok(Some(line))
    }

    fn give_back(&mut self, lines: Vec<Vec<u8>>) {
        for line in lines.into_iter().rev() {
            self.line -= 1;
            self.position -= line.len() as u64;
            self.ahead.push_front(line);
        }
    }
}

/// Whether a quote is open at the end. Inside quotes a quote is doubled, so their number is odd then.
fn is_open(lines: &[Vec<u8>]) -> bool {
    lines.iter().flatten().filter(|byte| **byte == b'"').count() % 2 == 1
}

fn parse(bytes: &[u8]) -> Result<StringRecord, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut record = StringRecord::new();
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .buffer_capacity(text.len())
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes())
        .read_record(&mut record)
        .map_err(|error| error.to_string())?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some((number, record)) = records.next().unwrap() {
            all.push((number, record.map(|record| record.iter().map(str::to_owned).collect())));
        }
        assert_eq!(records.position, text.len() as u64);
        all
    }

    #[test]
    fn records_know_their_first_line() {
        let fields = |fields: &[&str]| Ok(fields.iter().map(|&field| field.to_owned()).collect());
        let text = "\u{feff}a,b\r\n\r\n\"1\n2\", x \n\n3,\"\"\"4\"\"\"";
        let expected = vec![(1, fields(&["a", "b"])), (3, fields(&["1\n2", "x"])), (6, fields(&["3", "\"4\""]))];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn an_open_quote_spoils_its_own_line_alone() {
        let read = read("a,\"b\nc,d\ne,f\n");
        assert_eq!(
            read.iter().map(|(number, record)| (*number, record.is_ok())).collect::<Vec<_>>(),
            [(1, false), (2, true), (3, true)]
        );
    }
}
