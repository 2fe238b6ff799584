// Logs a person in with openid-client: prints the URL to visit, reads the answer, checks everything.
import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const { issuer, client_id, client_secret, redirect_uri, algorithm, mode } = JSON.parse(
  process.argv[2],
);
const config = await client.discovery(
  new URL(issuer),
  client_id,
  { id_token_signed_response_alg: algorithm },
  client.ClientSecretBasic(client_secret),
  // Unasked, the library leaves the ID token's signature to TLS.
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: "openid profile offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  response_mode: mode,
  max_age: "60",
  state,
  nonce,
});
console.log(url.href);

const lines = createInterface({ input: process.stdin });
const answer = JSON.parse(await lines.question(""));
lines.close();
const parameters = new URLSearchParams(answer);
const callback =
  mode === "form_post"
    ? new Request(redirect_uri, { method: "POST", body: parameters })
    : new URL(`${redirect_uri}?${parameters}`);
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  maxAge: 60,
  idTokenExpected: true,
});
const claims = tokens.claims();
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const logout = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token });
const header = JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url").toString());
process.stdout.write(
  JSON.stringify({
    algorithm: header.alg,
    preferred_username: person.preferred_username,
    refreshed: refreshed.access_token !== tokens.access_token,
    logout: logout.href,
  }),
);
