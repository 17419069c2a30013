//! Which requests are reviews. They come by the thousand, and are answered without a router.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::{BoxError, Router};
use tower::Service as _;

use super::app::App;
use super::review;
use super::routes::{end_connection, router};
use crate::server::admission::request::Endpoint;
use crate::server::listener::arriving::Arriving;
use crate::server::listener::handler;
use crate::server::listener::handler::Client;

/// Answers requests: reviews itself, all others by the routes.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    app: Arc<App>,
    routes: Router,
}

impl Handler {
    pub(crate) fn new(app: &App) -> Self {
        Self { app: Arc::new(app.clone()), routes: router(app) }
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let endpoint = match request.uri().path() {
            "/validate" => Endpoint::Validate,
            "/mutate" => Endpoint::Mutate,
            _ => return self.route(request).await,
        };
        if request.method() != Method::POST {
            let client = request.extensions().get::<Client>().map(|client| client.address);
            review::refused(&self.app, endpoint, client, StatusCode::METHOD_NOT_ALLOWED, "not POST");
            return self.route(request).await;
        }
        let mut response = review::answer(&self.app, endpoint, request).await;
        end_connection(&self.app, &mut response);
        response
    }

    async fn route<B>(&self, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match self.routes.clone().call(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl handler::Handler for Handler {
    async fn answer(&self, request: Request<Arriving>) -> Response {
        self.answer(request).await
    }
}
