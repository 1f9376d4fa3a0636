// GraphiQL for Bellwether: a sign-in bar, one fetcher for HTTP and WebSocket, and first queries to start from.
//
// Tokens live in this script's memory and nowhere else: a reload signs out. The page runs under a CSP without inline
// scripts and loads nothing from another host.
'use strict';

(() => {
  const ENDPOINT = '/graphql';
  const SOCKET = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql/ws`;
  const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

  const SESSION = 'session { accessToken accessTokenExpiresAt refreshToken } userErrors { code message path }';
  const LOGIN = `mutation Login($input: LoginInput!) {
  login(input: $input) { viewer { user { firstName } role tenant { name } } ${SESSION} }
}`;
  const REFRESH = `mutation RefreshSession($input: RefreshSessionInput!) {
  refreshSession(input: $input) { ${SESSION} }
}`;
  const LOGOUT = `mutation Logout($input: LogoutInput!) {
  logout(input: $input) { userErrors { code message path } }
}`;

  /** What it opens with; where the database is the demo's, the operations of docs/demo-path.md come after. */
  const TABS = [
    {
      query: `# Bellwether answers at POST /graphql, and
# subscriptions at /graphql/ws.
#
#   Ctrl-Enter   run the operation at the cursor
#   Ctrl-Space   complete a name
#   Tab          leave the editor
#
# The book at the left documents every type.
#
# Sign in above to see more than a visitor does.
# The token stays in this page's memory and is
# sent as "Authorization: Bearer ...", unless you
# set that header yourself under "Headers".

# Five of the signals you may see:
query FirstSignals {
  signals(first: 5) {
    nodes {
      symbol
      direction
      confidence
      signalTime
      strategy
      summary
    }
  }
}
`,
    },
    {
      query: `# A subscription stays open: run it, and every
# signal recorded from now on appears at the right,
# until you stop it with the same button.
#
# Keep the last sequence you saw. After a break,
# signalRecorded(afterSequence: "...") goes on from
# there, without a gap.
subscription NewSignals {
  signalRecorded {
    sequence
    signal {
      symbol
      direction
      confidence
    }
  }
}
`,
    },
  ];

  const element = (id) => document.getElementById(id);
  const signIn = element('sign-in');
  const signedIn = element('signed-in');

  /** What the sign-in bar holds: null, or {accessToken, expiresAt, refreshToken, viewer}. */
  let session = null;
  /** Counts the sign-ins and sign-outs, so that an answer which comes too late is not taken for the present viewer's. */
  let generation = 0;
  let refreshing = null;

  function say(id, text) {
    const box = element(id);
    box.hidden = !text;
    box.textContent = text || '';
  }

  const network = (cause) => new Error(`The server could not be reached (${cause.message}).`);

  /** Runs one of this page's own operations; throws an Error whose message can be shown. */
  async function run(query, input, token) {
    const headers = { 'content-type': 'application/json', accept: ACCEPT };
    if (token) headers.authorization = `Bearer ${token}`;
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      credentials: 'omit',
      headers,
      body: JSON.stringify({ query, variables: { input } }),
    }).catch((cause) => {
      throw network(cause);
    });
    const answer = await response.json().catch(() => {
      throw new Error(`The server answered ${response.status} without a GraphQL result.`);
    });
    if (answer.errors && answer.errors.length) throw new Error(answer.errors.map((e) => e.message).join(' '));
    const payload = answer.data && Object.values(answer.data)[0];
    if (!payload) throw new Error('The server answered without data.');
    if (payload.userErrors.length) throw new Error(payload.userErrors.map((e) => e.message).join(' '));
    return payload;
  }

  const tokens = (answer) => ({
    accessToken: answer.accessToken,
    expiresAt: Date.parse(answer.accessTokenExpiresAt),
    refreshToken: answer.refreshToken,
  });

  /** Takes another viewer over: the bar, the sockets of the one before, and the schema, which depends on the viewer. */
  function become(next) {
    session = next;
    generation += 1;
    refreshing = null;
    signIn.hidden = !!session;
    signedIn.hidden = !session;
    if (session) {
      const { user, role, tenant } = session.viewer;
      const who = [user && user.firstName, role, tenant && tenant.name].filter(Boolean).join(' · ');
      element('viewer').textContent = `Signed in: ${who}`;
    }
    say('error', '');
    render();
  }

  function sessionEnded() {
    if (!session) return;
    become(null);
    say('error', 'Your session has ended. Please sign in again.');
    element('password').focus();
  }

  /** The session's Authorization value, renewed first where it is about to expire; null for a visitor. */
  async function authorization() {
    if (!session) return null;
    if (session.expiresAt - Date.now() < 30_000 && session.refreshToken) {
      const mine = generation;
      refreshing ??= run(REFRESH, { refreshToken: session.refreshToken })
        .then((payload) => {
          if (mine === generation) Object.assign(session, tokens(payload.session));
        })
        .catch(() => {
          if (mine === generation) sessionEnded();
        })
        .finally(() => {
          if (mine === generation) refreshing = null;
        });
      await refreshing;
    }
    return session ? `Bearer ${session.accessToken}` : null;
  }

  signIn.addEventListener('submit', async (event) => {
    event.preventDefault();
    const fields = new FormData(signIn);
    const input = { email: fields.get('email').trim(), password: fields.get('password') };
    const tenant = fields.get('tenant').trim();
    if (tenant) input.tenant = tenant;
    const button = signIn.querySelector('button');
    button.disabled = true;
    say('error', '');
    try {
      const { viewer, session: answer } = await run(LOGIN, input);
      if (!viewer || !answer) throw new Error('The server answered without a session.');
      element('password').value = '';
      become({ ...tokens(answer), viewer });
      element('sign-out').focus();
    } catch (error) {
      say('error', error.message);
      element('password').focus();
    } finally {
      button.disabled = false;
    }
  });

  element('sign-out').addEventListener('click', async () => {
    const { accessToken } = session;
    become(null);
    element('email').focus();
    try {
      await run(LOGOUT, {}, accessToken);
    } catch (error) {
      say('error', `This page has forgotten the session, but the server did not confirm its end: ${error.message}`);
    }
  });

  /** `fetch` for GraphiQL: notices when the server no longer takes the session's token. */
  async function watchedFetch(url, init) {
    const sent = init.headers.authorization;
    const mine = generation;
    const response = await fetch(url, { ...init, credentials: 'omit' }).catch((cause) => {
      throw network(cause);
    });
    const answer = await response.clone().json().catch(() => null);
    if (!answer || typeof answer !== 'object') {
      throw new Error(`The server answered ${response.status} without a GraphQL result.`);
    }
    const refused = (answer.errors || []).some((e) => e.extensions && e.extensions.code === 'UNAUTHENTICATED');
    if (refused && mine === generation && session && sent === `Bearer ${session.accessToken}`) sessionEnded();
    return response;
  }

  /** Says why the documentation is empty, where it is: the schema may be closed to visitors. */
  function schemaAnswered(answer) {
    if (answer && answer.data && answer.data.__schema) return say('notice', '');
    if (session) {
      return say('notice', 'You may not read the schema. Sign in as the owner to load it; queries work without it.');
    }
    return say('notice', 'Sign in as the owner to load the schema. Queries work without it, but nothing completes or documents them.');
  }

  /** Makes the fetcher of one viewer. `dispose` closes its sockets. */
  function makeFetcher() {
    const mine = generation;
    const fetchers = new Map();

    // One socket for each Authorization value, as that is told once, when the socket opens. Without one of the header
    // editor's own it is asked for at each connection, so that a reconnect brings a fresh token.
    function fetcherFor(own) {
      let entry = fetchers.get(own);
      if (!entry) {
        const client = graphqlWs.createClient({
          url: SOCKET,
          connectionParams: async () => {
            const value = own || (await authorization());
            return value ? { authorization: value } : {};
          },
        });
        entry = { client, fetch: GraphiQL.createFetcher({ url: ENDPOINT, fetch: watchedFetch, enableIncrementalDelivery: false, wsClient: client }) };
        fetchers.set(own, entry);
      }
      return entry.fetch;
    }

    async function fetcher(params, options = {}) {
      const headers = { accept: ACCEPT };
      for (const [name, value] of Object.entries(options.headers || {})) headers[name.toLowerCase()] = value;
      const own = headers.authorization || null;
      if (!own) {
        const value = await authorization();
        if (value) headers.authorization = value;
      }
      const isIntrospection = params.operationName === 'IntrospectionQuery';
      try {
        const answer = await fetcherFor(own)(params, { ...options, headers });
        if (isIntrospection && mine === generation) schemaAnswered(answer);
        return answer;
      } catch (error) {
        if (isIntrospection && mine === generation) say('notice', `The schema could not be loaded. ${error.message}`);
        throw error;
      }
    }

    const dispose = () => fetchers.forEach(({ client }) => client.dispose());
    return { fetcher, dispose };
  }

  /** Lets Tab leave an editor, which otherwise keeps the keyboard, and names it for screen readers. */
  function openEditors() {
    for (const box of document.querySelectorAll('.CodeMirror:not([data-bellwether])')) {
      const editor = box.CodeMirror;
      if (!editor) continue;
      box.dataset.bellwether = 'seen';
      editor.addKeyMap({ Tab: false, 'Shift-Tab': false }, true);
      const tools = box.closest('.graphiql-editor-tool');
      let name = box.closest('.graphiql-response') ? 'Response' : 'Operation';
      if (tools) name = tools.querySelector('.CodeMirror') === box ? 'Variables' : 'Headers';
      editor.setOption('screenReaderLabel', name);
    }
  }

  const place = element('graphiql');
  let root = null;
  let current = null;

  /** Adds the saved operations of the demo's path, where this is the demo. */
  async function addOperations() {
    try {
      const response = await fetch('/graphiql/operations.json', { credentials: 'omit' });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      TABS.push(...(await response.json()));
    } catch (error) {
      say('notice', `The saved operations could not be loaded (${error.message}). Everything else works without them.`);
    }
  }

  function render() {
    if (!root) return; // Somebody signs in before the tabs are there.
    if (current) current.dispose();
    current = makeFetcher();
    root.render(
      React.createElement(
        GraphiQL,
        {
          fetcher: current.fetcher,
          defaultTabs: TABS,
          shouldPersistHeaders: false,
          showPersistHeadersSettings: false,
        },
        React.createElement(GraphiQL.Logo, null, 'GraphiQL'),
      ),
    );
  }

  if (!window.React || !window.ReactDOM || !window.GraphiQL || !window.graphqlWs) {
    element('loading').textContent = 'GraphiQL could not be loaded: one of its files is missing.';
    return;
  }
  addOperations().then(() => {
    element('loading').remove();
    new MutationObserver(openEditors).observe(place, { childList: true, subtree: true });
    root = ReactDOM.createRoot(place);
    render();
  });
})();
