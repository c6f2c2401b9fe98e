//! The hub as a process: started, killed, asked by its command line.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::Result;
use crate::site::Site;

/// A point, and the pass on which the process ends there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) point: &'static str,
    pub(crate) pass: u32,
}

/// How a running hub came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// At the point that it was told.
    AtPoint(&'static str),
    /// By our hand.
    Killed,
    /// By itself, which it never should.
    ByItself(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Hub {
    pub(crate) program: PathBuf,
    pub(crate) site: Site,
    /// A mistake that this hub makes.
    pub(crate) bug: Option<&'static str>,
}

/// A hub that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    fault: Option<Fault>,
}

/// Longest time for a question.
const ASK_MAX: Duration = Duration::from_secs(60);

impl Hub {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.site.path("hub.toml")).args(["--lang", "en"]).args(args);
        command.stdin(Stdio::null()).env_remove("HUB_FAULT").env_remove("HUB_BUG").kill_on_drop(true);
        command.envs(self.bug.map(|bug| ("HUB_BUG", bug)));
        command
    }

    fn log(&self) -> Result<File> {
        Ok(OpenOptions::new().create(true).append(true).open(self.site.path("hub.log"))?)
    }

    /// Starts it as a service.
    pub(crate) fn start(&self, fault: Option<Fault>) -> Result<Running> {
        let mut command = self.command(&["run"]);
        if let Some(fault) = &fault {
            command.env("HUB_FAULT", format!("{}:{}", fault.point, fault.pass));
        }
        let child = command.stdout(Stdio::null()).stderr(self.log()?).spawn()?;
        Ok(Running { child, fault })
    }

    /// Asks, and gives the answer and the exit code.
    pub(crate) async fn ask(&self, args: &[&str]) -> Result<(Value, i32)> {
        let mut command = self.command(args);
        command.args(["--output", "json"]).stdout(Stdio::piped()).stderr(self.log()?);
        let output = tokio::time::timeout(ASK_MAX, command.output()).await;
        let output = output.map_err(|_| format!("`{}` did not end", args.join(" ")))??;
        let code = output.status.code().unwrap_or(-1);
        let answer = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("`{}` ended with {code} and said no JSON: {error}", args.join(" ")))?;
        Ok((answer, code))
    }
}

impl Running {
    /// Lets it run for at most so long, then kills it.
    pub(crate) async fn until(mut self, most: Duration) -> Result<Ended> {
        match tokio::time::timeout(most, self.child.wait()).await {
            Ok(status) => Ok(self.told(status?)),
            Err(_) => self.kill().await,
        }
    }

    pub(crate) async fn kill(mut self) -> Result<Ended> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(self.told(status));
        }
        self.child.kill().await?;
        Ok(Ended::Killed)
    }

    /// None: it still runs.
    pub(crate) fn has_ended(&mut self) -> Result<Option<Ended>> {
        let status = self.child.try_wait()?;
        Ok(status.map(|status| self.told(status)))
    }

    fn told(&self, status: ExitStatus) -> Ended {
        match (&self.fault, status.signal()) {
            (Some(fault), Some(signal)) if signal == Signal::KILL.as_raw() => Ended::AtPoint(fault.point),
            _ => Ended::ByItself(status.to_string()),
        }
    }

    /// Asks it to stop, and waits for it.
    pub(crate) async fn stop(mut self, most: Duration) -> Result<ExitStatus> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        rustix::process::kill_process(pid.ok_or("the hub is gone")?, Signal::TERM)?;
        let ended = tokio::time::timeout(most, self.child.wait()).await;
        Ok(ended.map_err(|_| "the hub did not stop when it was told to")??)
    }
}
