import type { Messages } from './en';

/** The pages of signing in, in simplified Chinese. */
export const login: Messages['login'] = {
  title: '登录',
  lead: '使用密码登录，或用已登录的手机扫码登录。',
  noScript: '在此登录需要启用 JavaScript。请为本站启用后刷新页面。',
  password: {
    title: '密码登录',
    username: '用户名',
    password: '密码',
    show: '显示密码',
    submit: '登录',
    busy: '正在登录…',
  },
  failed: {
    title: '操作没有成功',
    next: '请稍后再试。',
    offline: '连不上服务',
    offlineNext: '请检查网络后重试。',
    wait: '尝试次数过多，请在以下时间后再试：',
  },
  qr: {
    title: '扫码登录',
    image: '登录二维码',
    renew: '刷新二维码',
    life: '二维码剩余有效时间',
    match: '核对码',
    loading: { title: '正在获取二维码…', text: '请稍候。' },
    created: { title: '请扫描二维码', text: '在手机上打开小程序扫一扫。二维码每两分钟自动刷新。' },
    scanned: {
      title: '请在手机上确认',
      text: '手机上显示的两位数字与此处一致吗？一致再点允许登录。',
      by: '扫码用户',
    },
    confirmed: { title: '已确认', text: '正在为你登录…' },
    cancelled: { title: '已在手机上拒绝', text: '没有任何人登录，可以重新开始。' },
    expired: { title: '二维码已过期', text: '准备好后，请刷新二维码。' },
    replaced: {
      title: '另一个窗口有更新的二维码',
      text: '同一浏览器只有最新的二维码有效。请扫那一个，或在这里刷新。',
    },
    limited: { title: '刷新过于频繁', text: '请等待一分钟再刷新。' },
    offline: { title: '服务没有响应', text: '页面会继续重试。' },
    failed: { title: '暂时无法获取二维码', text: '服务没能生成二维码，请稍后再试。' },
  },
  signedIn: {
    title: '你已登录',
    as: '当前用户',
    note: '除非主动退出，此浏览器会在最后一次访问后的 14 天内保持登录。',
    home: '前往首页',
    signOut: '退出登录',
    busy: '正在退出…',
  },
};

export const loginScan: Messages['loginScan'] = {
  title: '请用小程序扫描此二维码',
  text: '这个二维码用来登录浏览器。你的相机把它当作链接打开了，请改用小程序扫描。',
  steps: [
    '在已登录的手机上打开小程序。',
    '在小程序里重新扫描另一块屏幕上的二维码。',
    '核对两位数字，一致再允许登录。',
  ],
  warning: '这个链接是别人发给你的吗？请不要继续，对方想用你的身份登录。',
  phone: '打开开发用手机',
};

export const devPhone: Messages['devPhone'] = {
  title: '开发用手机',
  intro: '在扫码登录中扮演手机，仅在开发环境中提供。',
  noScript: '本页需要启用 JavaScript。',
  signIn: {
    title: '手机的主人',
    how: '登录方式',
    password: '密码',
    register: '新用户',
    wechat: '微信开发登录码',
    name: '名字',
    submit: '登录',
    as: '当前用户',
    signOut: '退出登录',
  },
  scan: {
    title: '扫码',
    ticket: '二维码里的链接或票据',
    hint: '粘贴二维码里的链接，或其中的 22 个字符。',
    submit: '扫码',
    wrong: '这段文字里没有票据。',
  },
  ask: {
    title: '允许这个浏览器登录吗？',
    match: '核对码',
    browser: '浏览器',
    time: '发起时间',
    warning: '另一块屏幕上显示相同的两位数字时，才可以允许。',
    approve: '允许',
    refuse: '拒绝',
  },
  done: { approved: '已允许，浏览器正在登录。', refused: '已拒绝，没有任何人登录。' },
  offline: '连不上服务。',
};
