//! What the generated client calls, as little as will do.

#[path = "../../../src/client/odata.rs"]
#[allow(
    dead_code,
    reason = "some of it checks arguments, which this program does not do"
)]
pub mod odata;

pub mod transport {
    use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
    use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
    use reqwest::{Method, Request};

    use crate::generated::Client;

    /// What goes with every request.
    #[derive(Clone, Debug)]
    pub struct Transport {
        pub authorization: HeaderValue,
    }

    impl ClientHooks<Transport> for Client {
        async fn pre<E>(
            &self,
            request: &mut Request,
            _: &OperationInfo,
        ) -> Result<(), progenitor_client::Error<E>> {
            let is_post = request.method() == Method::POST;
            let headers = request.headers_mut();
            headers.insert(AUTHORIZATION, self.inner().authorization.clone());
            if is_post {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Ok(())
        }
    }
}
