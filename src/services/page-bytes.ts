/**
 * Bytes of Markdown and HTML with which a page of documents or comments is full, however few they are: a hundred of the
 * longest would else be an answer of many megabytes.
 */
export const PAGE_BYTES = 2 * 1024 * 1024;
