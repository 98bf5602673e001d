import { createSeal } from '../../../src/services/sealing';

const seal = createSeal(Buffer.alloc(32, 1));
const sealed = seal.close('a session key 会话密钥', 'here');

it('opens what it closed, each time closed differently', () => {
  expect(seal.open(sealed, 'here')).toBe('a session key 会话密钥');
  expect(seal.close('a session key 会话密钥', 'here')).not.toBe(sealed);
  expect(seal.open(seal.close('', 'here'), 'here')).toBe('');
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('session');
});

it('opens nothing at another place, or by another key', () => {
  expect(seal.open(sealed, 'there')).toBeNull();
  expect(createSeal(Buffer.alloc(32, 2)).open(sealed, 'here')).toBeNull();
});

it('opens what another of its keys closed', () => {
  const next = createSeal(Buffer.alloc(32, 2), [Buffer.alloc(32, 3), Buffer.alloc(32, 1)]);
  expect(next.open(sealed, 'here')).toBe('a session key 会话密钥');
  expect(seal.open(next.close('new', 'here'), 'here')).toBeNull();
});

it('opens nothing of which one byte is other', () => {
  const bytes = Buffer.from(sealed, 'base64url');
  for (const index of bytes.keys()) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    expect(seal.open(changed.toString('base64url'), 'here')).toBeNull();
  }
});

it.each([[''], ['AAAA'], [sealed.slice(0, 30)], [sealed.slice(0, -2)], ['not base64!']])(
  'opens nothing of %j',
  (text) => {
    expect(seal.open(text, 'here')).toBeNull();
  },
);
