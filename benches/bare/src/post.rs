//! The target's side of a run: documents go out by the HTTP client that the hub uses too.

use reqwest::{Client, Url};
use tokio::runtime::Runtime;

use crate::tables::Claim;
use crate::{Error, Result};

/// Calls at one time where every record is a call of its own.
const AT_ONCE: usize = 4;

/// Sends documents to one address.
pub struct Post {
    runtime: Runtime,
    client: Client,
    url: Url,
}

impl Post {
    /// `address`: host and port of a target such as [`crate::sink`].
    pub fn new(address: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, client: Client::builder().no_proxy().build()?, url: format!("http://{address}/").parse()? })
    }

    /// Sends every request of a claim and returns the answers, which must all be acceptances.
    pub fn send(&self, claim: &mut Claim) -> Result<Vec<Vec<u8>>> {
        self.runtime.block_on(async {
            let mut answers = Vec::with_capacity(claim.requests.len());
            let mut flying = std::collections::VecDeque::with_capacity(AT_ONCE);
            for request in &mut claim.requests {
                if flying.len() == AT_ONCE {
                    answers.push(landed(flying.pop_front()).await?);
                }
                let sending = self
                    .client
                    .post(self.url.clone())
                    .header("content-type", "application/json")
                    .header("idempotency-key", &request.name)
                    .body(std::mem::take(&mut request.body));
                flying.push_back(tokio::spawn(async move {
                    let response = sending.send().await?.error_for_status()?;
                    Ok::<_, Error>(response.bytes().await?.to_vec())
                }));
            }
            while !flying.is_empty() {
                answers.push(landed(flying.pop_front()).await?);
            }
            Ok(answers)
        })
    }
}

async fn landed(flight: Option<tokio::task::JoinHandle<Result<Vec<u8>>>>) -> Result<Vec<u8>> {
    flight.ok_or("nothing is under way")?.await?
}
