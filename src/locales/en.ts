import { devPhone, login, loginScan } from './login.en';

/** Every sentence of the pages in English. Its shape is the contract for the other languages. */
export const en = {
  lang: 'en',
  site: {
    description:
      'A self-hosted backend for WeChat mini-programs and web front ends: sign-in, and large files over networks that break.',
    skip: 'Skip to the content',
    navigation: 'Main',
    overview: 'Overview',
    api: 'API reference',
    signIn: 'Sign in',
    openapi: 'OpenAPI document',
    readiness: 'Readiness',
    language: 'Language',
    theme: 'Colours',
    themes: { auto: 'Auto', light: 'Light', dark: 'Dark' },
    notKept: 'Your choice could not be saved.',
    footer: 'Runs on your own machines.',
  },
  duration: { moment: 'less than a minute' },
  home: {
    title: 'Ferry: lines drop, transfers don’t',
    heading: ['Lines drop.', 'Transfers don’t.'],
    what: 'Ferry is a self-hosted backend for WeChat mini-programs and browsers: it signs people in and carries large files, in both directions, over networks that break.',
    how: 'It needs one machine with Node and nothing else: records lie in SQLite, file contents on the local disk.',
    start: 'First steps',
    figure: 'After a dropped connection, only the missing chunk crosses again.',
    status: 'This service',
    ready: 'Ready',
    notReady: 'Not ready',
    silent: 'No answer',
    up: 'Working',
    down: 'Down',
    unknown: 'Unknown',
    readyNote: 'Every store answers.',
    notReadyNote:
      'A store is down, or the service is about to restart. Requests that need it get 503 until it is back.',
    silentNote: 'The page cannot reach the service. It keeps trying.',
    stores: 'Stores',
    uptime: 'Uptime',
    version: 'Version',
    checked: 'Last checked',
    store: {
      sql: { name: 'Database', use: 'accounts, files and uploads' },
      content: { name: 'Documents', use: 'documents and comments' },
      blobs: { name: 'File storage', use: 'what the files contain' },
      keyvalue: { name: 'Key-value store', use: 'sessions, tickets and limits' },
      eventlog: { name: 'Event log', use: 'realtime events' },
    },
    form: {
      'local disk': 'local disk',
      'in process': 'in process',
      'in process, kept on disk': 'in process, kept on disk',
    } as Record<string, string>,
    stepsNote:
      'Send a file and fetch it back, from a shell with curl. Each block builds on the one before, so run them in order in the same window.',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Press Ctrl+C',
    code: 'Commands:',
    steps: {
      register: {
        title: 'Register',
        text: 'Makes an account and keeps its access token, which lasts ten minutes. If the name is taken, choose another.',
      },
      create: {
        title: 'Create an upload',
        text: 'Says what is coming. The server answers with the chunk size it wants.',
      },
      chunks: {
        title: 'Send the chunks',
        text: 'In any order, several at once if you like. Connection lost? Run this again: what has arrived already counts once.',
      },
      complete: {
        title: 'Complete it',
        text: 'The server checks that nothing is missing and turns the upload into a file.',
      },
      download: {
        title: 'Download with a range',
        text: 'The first line stops after a million bytes, as a broken connection would. The second fetches only the rest.',
      },
    },
    more: 'Where to go next',
    docsText: 'Every call with its fields and errors. Try them right there.',
    openapiText: 'The same as OpenAPI 3.1, for code generators and clients.',
    readyzText: 'The state above, as JSON for load balancers and monitors.',
  },
  login,
  loginScan,
  devPhone,
  docs: {
    title: 'API reference',
    intro: 'Made from the same schemas that check every request.',
    loading: 'Loading the reference…',
    failed: 'The reference could not be loaded. Reload the page, or read the OpenAPI document directly.',
    noScript: 'This reference needs JavaScript. The same content is in the OpenAPI document.',
  },
  error: {
    figure: 'A crossing with a gap in the middle',
    home: 'Back to the start page',
    retry: 'Try again',
    next: 'Go back to the start page and try from there.',
    detail: 'The server’s own words',
    requestId: 'Request id',
    requestIdNote: 'Quote it when you ask the operator for help.',
  },
  errors: {
    invalid_request: {
      title: 'This request isn’t valid',
      next: 'Check the address or the values you entered, then send it again.',
    },
    invalid_grant: {
      title: 'This sign-in code no longer works',
      next: 'It has been used or has expired. Start the sign-in again.',
    },
    unauthenticated: { title: 'Please sign in first', next: 'Only signed-in users can see this.' },
    invalid_credentials: {
      title: 'Wrong user name or password',
      next: 'Check both and try again; capital letters count in the password.',
    },
    invalid_token: { title: 'Your sign-in has ended', next: 'Sign in again to go on.' },
    forbidden: {
      title: 'You aren’t allowed to do this',
      next: 'If you think you should be, ask the person who runs this service.',
    },
    cross_site: {
      title: 'A request from another site was refused',
      next: 'To protect your account, changes are only accepted from Ferry’s own pages. Open the page here and repeat it.',
    },
    not_found: {
      title: 'There is nothing here',
      next: 'The address may be mistyped, or the thing was deleted or isn’t shared with you.',
    },
    method_not_allowed: {
      title: 'This address doesn’t work that way',
      next: 'It exists, but doesn’t accept this kind of request. The API reference lists what it does accept.',
    },
    not_acceptable: {
      title: 'Not available in the form you asked for',
      next: 'Ask for another format; the API reference lists what there is.',
    },
    timeout: {
      title: 'The request took too long',
      next: 'The connection may be slow or broken. Try again; an interrupted upload goes on where it stopped.',
    },
    conflict: {
      title: 'This clashes with something that is already there',
      next: 'Load the current state, then make your change again.',
    },
    chunk_conflict: {
      title: 'This chunk was sent before with other content',
      next: 'The file may have changed during the upload. Start a new upload for the new content.',
    },
    upload_incomplete: {
      title: 'Parts of the upload are missing',
      next: 'Send the missing chunks, then complete the upload again.',
    },
    gone: {
      title: 'This no longer exists',
      next: 'The link has expired or was used up. Ask for a new one.',
    },
    length_required: {
      title: 'The size wasn’t stated',
      next: 'Send the request again with a Content-Length header.',
    },
    precondition_failed: {
      title: 'It has changed in the meantime',
      next: 'Someone saved a newer version. Load it, then make your change again.',
    },
    too_large: {
      title: 'This is too large',
      next: 'Send less at once; large files go through an upload in chunks.',
    },
    quota_exceeded: {
      title: 'Your storage is full',
      next: 'Delete files that you no longer need, or ask for more room.',
    },
    unsupported_media_type: {
      title: 'This format isn’t accepted',
      next: 'Send one of the formats that the API reference names for this address.',
    },
    range_not_satisfiable: {
      title: 'This part of the file doesn’t exist',
      next: 'The range lies beyond its end. Download the file from the beginning.',
    },
    misdirected: {
      title: 'Wrong address for this service',
      next: 'The service isn’t known under this host name. Use the address that you were given for it.',
    },
    digest_mismatch: {
      title: 'The content was damaged on the way',
      next: 'What arrived doesn’t match its checksum, and was discarded. Send it again.',
    },
    idempotency_mismatch: {
      title: 'This idempotency key is taken',
      next: 'It was used for another request. Send this one with a new key.',
    },
    rate_limited: { title: 'Too many requests', next: 'Wait a moment, then try again.' },
    headers_too_large: {
      title: 'The request headers are too large',
      next: 'Clear the cookies of this site, then load the page again.',
    },
    internal: {
      title: 'Something went wrong on our side',
      next: 'It isn’t your fault. Try again in a moment; if it stays, pass on the request id below.',
    },
    not_implemented: { title: 'This isn’t available here', next: 'This server doesn’t offer the function.' },
    upstream_failed: {
      title: 'A service we rely on failed',
      next: 'Try again in a few minutes; if it stays, pass on the request id below.',
    },
    unavailable: {
      title: 'Not available right now',
      next: 'Part of the service is down or restarting. Try again in a moment.',
    },
    out_of_space: {
      title: 'The server has no space left',
      next: 'What has arrived is kept. The upload can go on once the operator has made room.',
    },
  },
};

/** The keys that every language has, with their sentences. */
export type Messages = typeof en;
