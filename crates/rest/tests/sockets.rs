//! The router: limits of bodies, statuses and types of answers. No socket is opened.

mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use common::{Office, json};
use http_body_util::BodyExt;
use rest::Node;
use tower::ServiceExt;

async fn send(office: &Office, request: Request<Body>) -> (StatusCode, String, Node) {
    let response = rest::router(office.house.clone()).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let content_type = head.headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (head.status, content_type, serde_json::from_slice(&bytes).unwrap())
}

fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_gets_in_by_get_and_by_post() {
    let office = Office::open();
    for path in
        [format!("/rest/{}/profile", office.olga), format!("/rest/{}//profile.json?bx24_request_id=1", office.olga), format!("/rest/{}/profile/", office.olga)]
    {
        let (status, content_type, node) = send(&office, Request::get(&path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, content_type.as_str()), (StatusCode::OK, "application/json; charset=utf-8"), "{path}");
        assert!(json(&node).contains("\"ADMIN\":true"));
        let (status, ..) = send(&office, post(&path, "application/json", "{}")).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    for path in ["/rest", "/rest/", "/rest/profile"] {
        let (status, _, node) = send(&office, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", json(&node));
    }
    let (status, ..) = send(&office, Request::put(format!("/rest/{}/profile", office.olga)).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_four_megabytes_is_refused_in_the_dialect() {
    let office = Office::open();
    let path = format!("/rest/{}/crm.deal.add", office.olga);
    let (status, _, node) = send(&office, post(&path, "application/json", vec![b' '; 10 * 1024 * 1024])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(node.at("error"), Some(&Node::text("INVALID_REQUEST")));
    let mut body = br#"{"fields":{"TITLE":"x"}}"#.to_vec();
    body.resize(4 * 1024 * 1024, b' ');
    let (status, _, node) = send(&office, post(&path, "application/json", body)).await;
    assert_eq!((status, node.at("result")), (StatusCode::OK, Some(&Node::Int(1))));
}
