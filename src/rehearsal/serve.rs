//! The receiver's HTTP: POST a document, GET what was accepted.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use super::{Code, Receiver, Reply, Result};

/// Largest document: what the hub writes for the most records that a feed may send at once.
const DOCUMENT_BYTES_MAX: usize = 256 << 20;

/// Serves a receiver until the future is dropped.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/", get(summary).post(take))
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX))
        .with_state(receiver);
    axum::serve(listener, routes).await
}

async fn summary(State(receiver): State<Arc<Receiver>>) -> Json<super::Summary> {
    Json(receiver.summary())
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, document: Bytes) -> Response {
    let request = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // Parsing a large document and writing the memory would hold up other connections.
    let reply = tokio::task::spawn_blocking(move || receiver.take(&request, &document)).await;
    match reply {
        Ok(Reply::Results(results)) => (status(&results), Json(json!({ "results": results }))).into_response(),
        Ok(Reply::Unreadable(why)) => (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response(),
        Ok(Reply::Busy) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "busy").into_response(),
        Ok(Reply::Garbage) => "<html><body>系统维护中</body></html>".into_response(),
        // Unwinding ends this connection's task and with it the connection: no answer can do that.
        Ok(Reply::Lost) => std::panic::resume_unwind(Box::new("an answer is lost on demand")),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The status alone never says more than is true: whoever does not read the results takes nothing for accepted that
/// is not.
fn status(results: &[Result]) -> StatusCode {
    let all = |code| results.iter().all(|r| r.code == code);
    if all(Code::Accepted) {
        StatusCode::OK
    } else if all(Code::Duplicate) {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}
