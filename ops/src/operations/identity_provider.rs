//! An identity provider (OpenID Connect): where a browser logs in, and who the person is that comes back. The authorization
//! code flow with PKCE, state and nonce; of the answer only the signed ID token counts.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use config::Oidc;
use http_body_util::Full;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, StatusCode};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::RngExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::operations::http_client::answer_to;

/// The largest answer of a provider: its keys have some kilobytes.
const LONGEST_ANSWER: usize = 256 * 1024;
/// How long one request to it may take.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Signatures that are accepted. None with a shared secret: whoever knows it could sign.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The provider of the configuration.
pub(crate) struct IdentityProvider<'a>(pub(crate) &'a Oidc);

/// The secrets of one login, which show at its end that it is the same.
#[derive(Debug, Clone)]
pub(crate) struct LoginAttempt {
    /// Comes back in the address.
    pub(crate) state: String,
    /// Comes back in the signed token.
    nonce: String,
    /// Redeems the code (PKCE): the browser has only seen its hash.
    verifier: String,
    /// Where the provider sends the browser back to.
    redirect_uri: String,
}

/// The person who has logged in, as the provider says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// The values of the claim that roles are made of.
    pub(crate) groups: Vec<String>,
}

/// What a provider says about itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl LoginAttempt {
    /// With new secrets.
    pub(crate) fn new(redirect_uri: String) -> LoginAttempt {
        let [state, nonce, verifier] = [(); 3].map(|()| {
            let bits: [u8; 32] = rand::rng().random();
            URL_SAFE_NO_PAD.encode(bits)
        });
        LoginAttempt { state, nonce, verifier, redirect_uri }
    }
}

impl IdentityProvider<'_> {
    /// The address where the browser logs in.
    ///
    /// # Errors
    /// [`Failure::CouldNotAsk`]: the provider does not answer, or is another one.
    pub(crate) async fn login_address(&self, attempt: &LoginAttempt) -> Result<String, Failure> {
        let discovery = self.discover().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&attempt.verifier));
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.0.client_id),
            ("redirect_uri", &attempt.redirect_uri),
            ("scope", &self.0.scope),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = discovery.authorization_endpoint;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{query}"))
    }

    /// Redeems the code that the browser brought back.
    ///
    /// # Errors
    /// [`Failure::CouldNotAsk`]: the provider does not answer; [`Failure::Refused`]: its token is not valid for this login.
    pub(crate) async fn person(
        &self,
        attempt: &LoginAttempt,
        code: &str,
    ) -> Result<Person, Failure> {
        let discovery = self.discover().await?;
        let answer: TokenAnswer = json(self.token_request(&discovery, attempt, code)?).await?;
        let keys: JwkSet = json(get(&discovery.jwks_uri)?).await?;
        let claims = self.claims(&answer.id_token, &keys).map_err(refused)?;
        if claims.get("nonce").and_then(Value::as_str) != Some(&attempt.nonce) {
            return Err(refused("the token is of another login"));
        }
        self.person_of(&claims)
    }

    async fn discover(&self) -> Result<Discovery, Failure> {
        let issuer = &self.0.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = json(get(&address)?).await?;
        if discovery.issuer != *issuer {
            let is = &discovery.issuer;
            let why = format!("{address} is of the issuer {is}, console.oidc.issuer is {issuer}");
            return Err(could_not_ask(why));
        }
        let Discovery { authorization_endpoint, token_endpoint, jwks_uri, .. } = &discovery;
        for endpoint in [authorization_endpoint, token_endpoint, jwks_uri] {
            if !config::is_provider_address(endpoint) {
                return Err(could_not_ask(format!(
                    "{address} names {endpoint}, which is not https"
                )));
            }
        }
        Ok(discovery)
    }

    fn token_request(
        &self,
        discovery: &Discovery,
        attempt: &LoginAttempt,
        code: &str,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &attempt.redirect_uri),
            ("client_id", &self.0.client_id),
            ("code_verifier", &attempt.verifier),
        ];
        let methods = discovery.token_endpoint_auth_methods_supported.as_ref();
        let by_header = methods.is_none_or(|all| all.iter().any(|it| it == "client_secret_basic"));
        let secret = self.0.client_secret.as_ref().map(|secret| secret.expose_secret());
        let mut request = Request::post(&discovery.token_endpoint)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match secret {
            Some(secret) if by_header => {
                let pair = format!("{}:{}", encoded(&self.0.client_id), encoded(secret));
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) => fields.push(("client_secret", secret)),
            None => {}
        }
        request.body(form(&fields).into()).map_err(could_not_ask)
    }

    /// The claims of a token that one of these keys has signed for us.
    fn claims(&self, token: &str, keys: &JwkSet) -> Result<Map<String, Value>, String> {
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(format!("it is signed by {:?}", header.alg));
        }
        let key = match (&header.kid, keys.keys.as_slice()) {
            (Some(kid), _) => keys.find(kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let key: &Jwk = key.ok_or("the provider does not have the key that signed it")?;
        let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.0.issuer]);
        validation.set_audience(&[&self.0.client_id]);
        validation.validate_nbf = true;
        let token = decode::<Map<String, Value>>(token, &key, &validation);
        let claims = token.map_err(|error| error.to_string())?.claims;
        match claims.get("azp").and_then(Value::as_str) {
            Some(party) if party != self.0.client_id => Err("it is for another client".to_owned()),
            _ => Ok(claims),
        }
    }

    fn person_of(&self, claims: &Map<String, Value>) -> Result<Person, Failure> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let name = claims.get(&self.0.name_claim).and_then(text).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            refused(format!("it has no {}: see console.oidc.name_claim", self.0.name_claim))
        })?;
        if !config::is_user_name(&name) {
            return Err(refused(format!("its {} is no name of a user", self.0.name_claim)));
        }
        let is_verified = claims.get("email_verified").and_then(Value::as_bool);
        if self.0.name_claim == "email" && is_verified != Some(true) {
            return Err(refused("its email is not verified"));
        }
        let groups = match claims.get(&self.0.role_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        };
        Ok(Person { name, groups })
    }
}

fn get(address: &str) -> Result<Request<Full<Bytes>>, Failure> {
    let request = Request::get(address).header(ACCEPT, "application/json");
    request.body(Full::default()).map_err(could_not_ask)
}

/// The answer to a request, which must be JSON. An error never quotes it: it may hold a token.
async fn json<T: DeserializeOwned>(request: Request<Full<Bytes>>) -> Result<T, Failure> {
    let address = request.uri().to_string();
    let answer = tokio::time::timeout(ANSWER_TIME, answer_to(request, LONGEST_ANSWER)).await;
    let seconds = ANSWER_TIME.as_secs();
    let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {seconds} s")));
    let (status, body) = answer.map_err(|error| could_not_ask(format!("{address}: {error}")))?;
    if status != StatusCode::OK {
        return Err(could_not_ask(format!("{address}: status {}", status.as_u16())));
    }
    let unreadable = |_| could_not_ask(format!("{address}: not the JSON that was expected"));
    serde_json::from_slice(&body).map_err(unreadable)
}

/// Names and values as a form has them.
fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn could_not_ask(why: impl ToString) -> Failure {
    Failure::CouldNotAsk(format!("identity provider: {}", why.to_string()))
}

fn refused(why: impl ToString) -> Failure {
    Failure::Refused(format!("the identity provider's token is not accepted: {}", why.to_string()))
}
