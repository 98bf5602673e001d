/** Marks of browsers in the order in which they count: nearly every one names others that it wants to be taken for. */
const BROWSERS: [RegExp, string][] = [
  [/\bminiProgram\b/i, 'WeChat mini-program'],
  [/\bMicroMessenger\//, 'WeChat'],
  [/\bDingTalk\//, 'DingTalk'],
  [/\b(?:MQQBrowser|QQBrowser)\//, 'QQ Browser'],
  [/\b(?:UCBrowser|UBrowser)\//, 'UC Browser'],
  [/\bHuaweiBrowser\//, 'Huawei Browser'],
  [/\bMiuiBrowser\//, 'Mi Browser'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\b(?:OPR|OPT|Opera)\//, 'Opera'],
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\//, 'Safari'],
];

/** An iPad says that it is a Mac, and what says Android or HarmonyOS says Linux as well. */
const SYSTEMS: [RegExp, string][] = [
  [/\b(?:HarmonyOS|OpenHarmony)\b/, 'HarmonyOS'],
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows NT\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Longer ones are not looked at: no browser writes so much. */
const MOST_CHARACTERS = 1024;

/**
 * A name that people recognise, such as `Chrome on Windows`, made of nothing but the words above: the User-Agent is
 * whatever its sender writes, and this is read by somebody who decides by it.
 *
 * @returns `Unknown browser` where the browser is not known, with the system if that is
 */
export function browserName(userAgent: string): string {
  const text = userAgent.slice(0, MOST_CHARACTERS);
  const nameIn = (table: [RegExp, string][]) => table.find(([mark]) => mark.test(text))?.[1];
  const browser = nameIn(BROWSERS) ?? 'Unknown browser';
  const system = nameIn(SYSTEMS);
  return system === undefined ? browser : `${browser} on ${system}`;
}
