/** The pages of signing in, in English. */
export const login = {
  title: 'Sign in',
  lead: 'With your password, or with a phone on which you are signed in already.',
  noScript: 'Signing in here needs JavaScript. Please switch it on for this site and reload the page.',
  password: {
    title: 'With a password',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    busy: 'Signing in…',
  },
  failed: {
    title: 'That did not work',
    next: 'Try again in a moment.',
    offline: 'No connection to the service',
    offlineNext: 'Check the network, then try again.',
    wait: 'Too many attempts. Try again in',
  },
  qr: {
    title: 'With your phone',
    image: 'QR code for signing in',
    renew: 'Show a new code',
    life: 'Time left for this code',
    match: 'Match code',
    loading: { title: 'Getting a code…', text: 'One moment.' },
    created: {
      title: 'Scan the code',
      text: 'Open the mini-program on your phone and scan. The code renews itself every two minutes.',
    },
    scanned: {
      title: 'Confirm on your phone',
      text: 'Does your phone show the same two digits? Then allow the sign-in there.',
      by: 'Scanned by',
    },
    confirmed: { title: 'Confirmed', text: 'Signing you in…' },
    cancelled: { title: 'Refused on the phone', text: 'Nobody was signed in. You can begin again.' },
    expired: { title: 'The code has expired', text: 'Get a new one when you are ready.' },
    replaced: {
      title: 'Another window has a newer code',
      text: 'Only the newest code of a browser works. Scan it there, or get one here.',
    },
    limited: { title: 'Too many codes', text: 'Wait a minute, then get a new one.' },
    offline: { title: 'The service does not answer', text: 'The page keeps trying.' },
    failed: { title: 'No code right now', text: 'The service could not make one. Try again in a moment.' },
  },
  signedIn: {
    title: 'You are signed in',
    as: 'Signed in as',
    note: 'This browser stays signed in for 14 days after your last visit, unless you sign out.',
    home: 'To the start page',
    signOut: 'Sign out',
    busy: 'Signing out…',
  },
};

export const loginScan = {
  title: 'Scan this code with the mini-program',
  text: 'This code signs in a browser. Your camera opened it as a link; the mini-program understands it.',
  steps: [
    'Open the mini-program on a phone on which you are signed in.',
    'Scan the code on the other screen again, from within the mini-program.',
    'Compare the two digits, then allow the sign-in.',
  ],
  warning: 'Did somebody send you this link? Then leave it: whoever it is wants to be signed in as you.',
  phone: 'Open the development phone',
};

export const devPhone = {
  title: 'Development phone',
  intro: 'Plays the phone of a sign-in by QR code. It exists in development only.',
  noScript: 'This page needs JavaScript.',
  signIn: {
    title: 'Who holds the phone',
    how: 'How to sign in',
    password: 'Password',
    register: 'New user',
    wechat: 'WeChat code for development',
    name: 'Name',
    submit: 'Sign in',
    as: 'Signed in as',
    signOut: 'Sign out',
  },
  scan: {
    title: 'Scan',
    ticket: 'Link or ticket of the QR code',
    hint: 'Paste the link in the QR code, or its 22 characters.',
    submit: 'Scan',
    wrong: 'There is no ticket in this text.',
  },
  ask: {
    title: 'Let this browser in?',
    match: 'Match code',
    browser: 'Browser',
    time: 'Begun',
    warning: 'Allow it only if the other screen shows the same two digits.',
    approve: 'Allow',
    refuse: 'Refuse',
  },
  done: { approved: 'Allowed. The browser is being signed in.', refused: 'Refused. Nobody was signed in.' },
  offline: 'No connection to the service.',
};
