// A relying party built on openid-client, as its documentation says. The job is argv[2]; the browser is the
// test's: {"go": url} on stdout sends it away, and one line on stdin says where it arrived, and with what form.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const job = JSON.parse(process.argv[2])
const arrivals = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

async function browserGoesTo(url) {
  say({ go: url.href })
  const { url: arrivedAt, form } = JSON.parse((await arrivals.next()).value)
  return form === null
    ? new URL(arrivedAt)
    : new Request(arrivedAt, { method: 'POST', body: new URLSearchParams(form) })
}

async function discovered() {
  const authentication = {
    none: () => client.None(),
    client_secret_basic: () => client.ClientSecretBasic(job.client_secret),
    client_secret_post: () => client.ClientSecretPost(job.client_secret),
  }[job.auth_method]()
  // Off TLS openid-client trusts no answer, and without these checks it leaves signatures to TLS.
  const execute = [client.enableNonRepudiationChecks]
  if (job.issuer.startsWith('http:')) execute.push(client.allowInsecureRequests)
  if (job.response_type === 'id_token') execute.push(client.useIdTokenResponseType)
  return client.discovery(new URL(job.issuer), job.client_id, {}, authentication, { execute })
}

async function signedIn(config) {
  const codeVerifier = client.randomPKCECodeVerifier()
  const expected = { expectedState: client.randomState(), expectedNonce: client.randomNonce() }
  const parameters = {
    redirect_uri: job.redirect_uri,
    scope: job.scope,
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    ...job.parameters,
  }
  if (job.response_type === 'id_token') {
    const arrived = await browserGoesTo(client.buildAuthorizationUrl(config, parameters))
    return { id_token: await client.implicitAuthentication(config, arrived, expected.expectedNonce, expected) }
  }
  const url = client.buildAuthorizationUrl(config, {
    ...parameters,
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  })
  const arrived = await browserGoesTo(url)
  const tokens = await client.authorizationCodeGrant(config, arrived, {
    ...expected,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
    maxAge: job.max_age ?? undefined,
  })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  return { id_token: claims, userinfo, tokens }
}

// What may follow a sign-in, in the order that the job names.
const steps = {
  async refresh(config, session) {
    const tokens = await client.refreshTokenGrant(config, session.tokens.refresh_token)
    session.spent = session.tokens.refresh_token
    session.tokens = tokens
    return { id_token: tokens.claims(), scope: tokens.scope }
  },
  replay: (config, session) => client.refreshTokenGrant(config, session.spent),
  userinfo: (config, session) =>
    client.fetchUserInfo(config, session.tokens.access_token, session.id_token.sub),
  introspect: (config, session) => client.tokenIntrospection(config, session.tokens.access_token),
  async revoke(config, session) {
    await client.tokenRevocation(config, session.tokens.refresh_token ?? session.tokens.access_token)
    return null
  },
  async logout(config, session) {
    const arrived = await browserGoesTo(
      client.buildEndSessionUrl(config, {
        id_token_hint: session.tokens.id_token,
        post_logout_redirect_uri: job.post_logout_redirect_uri,
        state: 'state-of-the-logout',
      }),
    )
    return Object.fromEntries(arrived.searchParams)
  },
}

function reason(error) {
  const { message, claim, attribute, reason } = error.cause ?? {}
  const about = error.error ?? claim ?? attribute ?? reason ?? message ?? ''
  return `${error.code ?? error.name}: ${error.message}: ${about}`
}

async function outcome(step, config, session) {
  try {
    return { said: await steps[step](config, session) }
  } catch (error) {
    return { refused: reason(error) }
  }
}

try {
  const config = await discovered()
  const session = await signedIn(config)
  const then = []
  for (const step of job.then) then.push(await outcome(step, config, session))
  const { id_token, userinfo = null } = session
  say({ accepted: { id_token, userinfo, then } })
} catch (error) {
  say({ refused: reason(error) })
}
process.exit(0)
