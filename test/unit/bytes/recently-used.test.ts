import { RecentlyUsed } from '../../../src/bytes/recently-used';

describe('RecentlyUsed', () => {
  const kept = () => new RecentlyUsed<string>(10, (value) => value.length);

  it('keeps values up to its weight', () => {
    const values = kept();
    values.set('a', '12345');
    values.set('b', '67890');
    expect([values.get('a'), values.get('b'), values.get('c')]).toEqual(['12345', '67890', undefined]);
  });

  it('lets go of what was not used for longest', () => {
    const values = kept();
    values.set('a', '12345');
    values.set('b', '67890');
    values.get('a');
    values.set('c', '1');
    expect([values.get('a'), values.get('b'), values.get('c')]).toEqual(['12345', undefined, '1']);
  });

  it('counts a value once that is set again', () => {
    const values = kept();
    for (let turn = 0; turn < 5; turn += 1) values.set('a', '12345');
    values.set('b', '67890');
    expect([values.get('a'), values.get('b')]).toEqual(['12345', '67890']);
  });

  it('has room again for what was deleted', () => {
    const values = kept();
    values.set('a', '12345');
    values.set('b', '67890');
    values.delete('b');
    values.delete('c');
    values.set('c', '54321');
    expect([values.get('a'), values.get('b'), values.get('c')]).toEqual(['12345', undefined, '54321']);
  });

  it('does not keep what is too heavy alone', () => {
    const values = kept();
    values.set('a', '12345678901');
    expect(values.get('a')).toBeUndefined();
  });
});
