import { toString as draw } from 'qrcode';
import type { z } from 'zod';
import type { qrView } from '../schemas/qr';
import type { QrView } from '../services/qr';

/**
 * The code as an SVG image of whole modules, black on white with the quiet zone of four that readers count on
 * (ISO/IEC 18004 §9.1). It carries a URL: an ordinary camera opens it, a mini-program takes `t` from it, and WeChat can
 * be told to open the mini-program for such links.
 *
 * @param base the address under which phones reach this server
 */
export function drawQr(base: string, ticket: string): Promise<string> {
  return draw(`${base}/login/scan?t=${ticket}`, { type: 'svg', margin: 4, errorCorrectionLevel: 'M' });
}

export function presentQr({ state, matchCode, scannedBy }: QrView): z.input<typeof qrView> {
  return {
    state,
    ...(matchCode !== null && { matchCode }),
    ...(scannedBy !== null && { scannedBy: { displayName: scannedBy } }),
  };
}
