//! The loopback target: takes everything, and answers `{"code":200}`.

#![allow(clippy::print_stderr, reason = "a program of its own: there is no log")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::Result;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"code\":200}";
/// Longest document that is taken: 10,000 records of some kilobytes.
const BODY_BYTES_MAX: usize = 256 << 20;

/// Serves for ever. A thread a connection: the hub and the bare loop keep a few open.
pub fn serve(listener: &TcpListener) -> Result<()> {
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            if let Err(error) = answer(&stream) {
                eprintln!("a connection ended: {error}");
            }
        });
    }
    Ok(())
}

fn answer(stream: &TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::with_capacity(1 << 16, stream), stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let mut length = 0;
        let mut lines = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            lines += 1;
            if line == "\r\n" && lines > 1 {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        if length > BODY_BYTES_MAX {
            return Err("a document is too long".into());
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        writer.write_all(ANSWER)?;
    }
}
