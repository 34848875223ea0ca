//! A merchant's notify URL with given answers.

use std::convert::Infallible;
use std::sync::Arc;

use alipay::Form;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use testkit::WAIT_LIMIT;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// Decides on a form and the number of forms before it: status and body.
type Answer = dyn Fn(&Form, usize) -> (u16, &'static str) + Send + Sync;

pub(crate) struct NotifyServer {
    pub(crate) url: Uri,
    received: watch::Sender<Vec<Form>>,
}

impl NotifyServer {
    /// Must be called on a tokio runtime, with which it ends.
    pub(crate) async fn start(
        answer: impl Fn(&Form, usize) -> (u16, &'static str) + Send + Sync + 'static,
    ) -> NotifyServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/alipay/shop/notify", listener.local_addr().unwrap());
        let received = watch::Sender::default();
        let answer: Arc<Answer> = Arc::new(answer);
        tokio::spawn(serve(listener, answer, received.clone()));
        NotifyServer { url: url.parse().unwrap(), received }
    }

    /// Every form received so far.
    pub(crate) fn received(&self) -> Vec<Form> {
        self.received.borrow().clone()
    }

    /// The same, once there are so many.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Form> {
        let mut received = self.received.subscribe();
        let enough = timeout(WAIT_LIMIT, received.wait_for(|forms| forms.len() >= count)).await;
        enough
            .unwrap_or_else(|_| panic!("{count} did not come: {:?}", self.received()))
            .unwrap()
            .clone()
    }
}

async fn serve(listener: TcpListener, answer: Arc<Answer>, received: watch::Sender<Vec<Form>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answer, received) = (answer.clone(), received.clone());
        let service = service_fn(move |request| {
            let (answer, received) = (answer.clone(), received.clone());
            async move { Ok::<_, Infallible>(reply(request, &*answer, &received).await) }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that goes away is no error of the test.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn reply(
    request: Request<Incoming>,
    answer: &Answer,
    received: &watch::Sender<Vec<Form>>,
) -> Response<Full<Bytes>> {
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
    let Ok(body) = request.into_body().collect().await else {
        // The sender disconnected, so nobody reads this.
        return Response::new(Full::default());
    };
    let body = body.to_bytes();
    let form = Form::parse(&body).unwrap();
    let mut number = 0;
    received.send_modify(|forms| {
        number = forms.len();
        forms.push(form.clone());
    });
    let (status, text) = answer(&form, number);
    let response = Response::builder().status(status).header(LOCATION, "/elsewhere");
    response.body(Full::from(text)).unwrap()
}

/// A port on which nobody listens.
pub(crate) async fn nobody() -> Uri {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    format!("http://{address}/").parse().unwrap()
}
