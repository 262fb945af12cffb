import { describe, expect, it } from 'vitest';
import { ParapetError, toParapetError } from './errors.ts';

const fault = (code: string, syscall = 'write') => Object.assign(new Error(`${code}: it failed, ${syscall}`), { code, syscall });

describe('a thrown thing as a coded error', () => {
  it('keeps the code that it has', () => {
    const error = new ParapetError('PARAPET_LOG_FENCED');
    expect(toParapetError(error, 'PARAPET_STORE_UNAVAILABLE')).toBe(error);
  });

  it('tells a disk that is full or broken, and a port that is taken, from a fault of ours', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']) {
      expect(toParapetError(fault(code))).toMatchObject({ code: 'PARAPET_DISK_FAILED', status: 503 });
    }
    expect(toParapetError(fault('EADDRINUSE', 'listen')).code).toBe('PARAPET_PORT_UNAVAILABLE');
    expect(toParapetError(fault('EPERM')).code).toBe('PARAPET_INTERNAL');
  });

  it('leaves it to who knows better what failed', () => {
    expect(toParapetError(fault('ENOSPC'), 'PARAPET_STORE_UNAVAILABLE').code).toBe('PARAPET_STORE_UNAVAILABLE');
  });

  it('takes whatever is thrown', () => {
    for (const thrown of [undefined, null, 'words', 7]) expect(toParapetError(thrown).message).toContain(String(thrown));
  });
});
