import path from 'node:path';
import { ServerProcess } from '../support/server-process';
import type { Report } from './report';

/** A second server on the data of one that runs would undo what that one does: it has to be refused. */
export async function secondStart(report: Report, directory: string): Promise<void> {
  report.section('A second server on the same data');
  for (const [shared, other] of [
    ['data and uploads', {}],
    ['data', { UPLOADS_DIR: path.join(directory, 'other-uploads') }],
    ['uploads', { DATA_DIR: path.join(directory, 'other-data') }],
  ] as const) {
    const answer = await ServerProcess.start(directory, other).then(
      async (second) => {
        await second.stop();
        return 'it started';
      },
      (error: unknown) => String(error),
    );
    report.check(`is refused, where ${shared} are the same`, answer.includes('another process uses'));
    if (!answer.includes('another process uses')) report.note(answer);
  }
}
