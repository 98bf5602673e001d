import type { Context } from '../middleware/context';
import type { InputOf } from '../schemas/endpoint';

/** What a controller of endpoint E does with a request whose input has been checked. */
export type Handler<E> = (ctx: Context, input: InputOf<E>) => Promise<void> | void;
