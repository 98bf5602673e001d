import { InvalidGrant } from '../../../src/errors';
import { readPhoneNumber } from '../../../src/services/wechat/data';
import { encrypt } from '../../support/wechat/codes';

const sessionKey = Buffer.alloc(16, 7).toString('base64');
const appid = 'wx0123456789abcdef';
const now = new Date('2026-11-22T08:15:30.000Z');
const context = { sessionKey, appid, now };
const seconds = now.getTime() / 1000;

const phone = {
  phoneNumber: '13580006666',
  purePhoneNumber: '13580006666',
  countryCode: '86',
  watermark: { timestamp: seconds, appid },
};
const text = JSON.stringify(phone);

it.each([
  ['a number of China', phone, '+8613580006666'],
  [
    'a number of elsewhere',
    { ...phone, phoneNumber: '+15551234', purePhoneNumber: '5551234', countryCode: '1' },
    '+15551234',
  ],
  ['a country as a number', { ...phone, countryCode: 86 }, '+8613580006666'],
  ['the watermark first', Object.fromEntries(Object.entries(phone).reverse()), '+8613580006666'],
  [
    'data of five minutes ago',
    { ...phone, watermark: { timestamp: seconds - 300, appid } },
    '+8613580006666',
  ],
  [
    'data of half a minute ahead',
    { ...phone, watermark: { timestamp: seconds + 30, appid } },
    '+8613580006666',
  ],
])('reads %s', (_, data, number) => {
  expect(readPhoneNumber(encrypt(sessionKey, JSON.stringify(data)), context)).toBe(number);
});

const good = encrypt(sessionKey, text);

/** The same data with some bytes of its iv changed, which changes the first block at will. */
function withFirstBlock(block: string): { encryptedData: string; iv: string } {
  const iv = Buffer.from(good.iv, 'base64').map(
    (byte, index) => byte ^ text.charCodeAt(index) ^ block.charCodeAt(index),
  );
  return { ...good, iv: Buffer.from(iv).toString('base64') };
}

const refused = (data: object) => encrypt(sessionKey, JSON.stringify(data));

it.each([
  ['another session key', encrypt(Buffer.alloc(16, 8).toString('base64'), text)],
  ['another iv', { ...good, iv: Buffer.alloc(16, 9).toString('base64') }],
  ['an iv of 15 bytes', { ...good, iv: Buffer.alloc(15).toString('base64') }],
  ['no data', { ...good, encryptedData: '' }],
  ['half a block', { ...good, encryptedData: good.encryptedData.slice(0, 12) }],
  ['the last block cut off', { ...good, encryptedData: good.encryptedData.slice(0, 128) }],
  ['another first block', withFirstBlock('{"fakedNumber":"')],
  ['a blank in it', encrypt(sessionKey, `${text} `)],
  ['a field twice', encrypt(sessionKey, text.replace('{', '{"countryCode":"1",'))],
  ['what is no UTF-8', encrypt(sessionKey, Buffer.concat([Buffer.from(text), Buffer.from([0xff])]))],
  ['what is no JSON', encrypt(sessionKey, 'nothing')],
  ['another appid', refused({ ...phone, watermark: { timestamp: seconds, appid: 'wxanother' } })],
  ['no watermark', refused({ ...phone, watermark: undefined })],
  ['data too old', refused({ ...phone, watermark: { timestamp: seconds - 301, appid } })],
  ['data of the future', refused({ ...phone, watermark: { timestamp: seconds + 31, appid } })],
  ['a field that WeChat does not write', refused({ ...phone, nickName: 'x' })],
  ['a number with letters', refused({ ...phone, purePhoneNumber: '1358000666a' })],
  ['a country with a sign', refused({ ...phone, countryCode: '+86' })],
  ['data about something else', refused({ nickName: 'x', watermark: phone.watermark })],
])('refuses %s as anything else', (_, data) => {
  const errors = [() => readPhoneNumber(data, context), () => readPhoneNumber(good, null)].map((read) => {
    try {
      return read();
    } catch (error) {
      return error;
    }
  });
  expect(errors[0]).toBeInstanceOf(InvalidGrant);
  expect(errors[0]).toEqual(errors[1]);
  expect((errors[0] as Error).cause).toBeUndefined();
});

it.each([[''], [Buffer.alloc(15).toString('base64')], ['!']])('refuses the session key %j', (broken) => {
  expect(() => readPhoneNumber(good, { ...context, sessionKey: broken })).toThrow(InvalidGrant);
});
