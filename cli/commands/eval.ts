/** How well detection does on texts whose answer is known. */
import type { Command } from 'commander';
import { readEnvironment } from '../../core/environment.ts';
import type { EvalFlags } from '../eval-flags.ts';
import { gathered, json, positive, progress, WrongCommand, withLog } from './shared.ts';

export function evalCommand(program: Command): void {
  program
    .command('eval')
    .description('measure detection on labelled texts (jsonl, docs/evaluation.md)')
    .argument('<files...>')
    .option('--layers <names>', 'only by these layers of detection, with commas between')
    .option('--encodings', 'also each attack that is caught, in every encoding that attacks hide in')
    .option('--exclude <field=value,...>', 'leave out rows that have all of these; may be repeated', gathered)
    .option('--examples <n>', 'how many missed attacks and how many false alarms to show', positive, 5)
    .option('--report <file>', 'write a report, .html or .md; may be repeated', gathered)
    .option('--record', 'keep the figures in the audit log, as evidence')
    .option('--tpr-at-least <share>', 'of attacks, so many must be noticed; recorded with the figures', positive)
    .option('--fpr-at-most <share>', 'of harmless texts, so many may raise an alert; recorded with the figures', positive)
    .option('--pii', 'the files label spans of sensitive data: say how well these are found')
    .option('--harmful', 'how well requests for harm are told from harmless texts, instead of attacks')
    .addOption(json)
    .action(async (files: string[], flags: EvalFlags) => {
      const { besidesHarmful, besidesPii, evalOptions } = await import('../eval-flags.ts');
      const { renderEvaluation, renderHarm, renderPii } = await import('../eval-text.ts');
      if (flags.pii) {
        const beside = besidesPii(flags);
        if (beside !== undefined) throw new WrongCommand(beside);
        const { evaluatePiiFiles, piiJson } = await import('../eval-pii.ts');
        const measured = await evaluatePiiFiles(files);
        for (const line of renderPii(measured)) console.log(line);
        if (flags.json) console.log(JSON.stringify(piiJson(measured)));
        return;
      }
      const options = evalOptions(flags);
      if (typeof options === 'string') throw new WrongCommand(options);
      const models = readEnvironment();
      if (flags.harmful) {
        const beside = besidesHarmful(flags);
        if (beside !== undefined) throw new WrongCommand(beside);
        const { evaluateHarmFiles, harmJson } = await import('../eval-harmful.ts');
        const measured = await evaluateHarmFiles(files, { ...options, models, onProgress: progress });
        for (const line of renderHarm(measured)) console.log(line);
        if (flags.json) console.log(JSON.stringify(harmJson(measured)));
        return;
      }
      const { evaluateFiles, evaluationJson } = await import('../eval.ts');
      const evaluated = await evaluateFiles(files, { ...options, blockScore: models.PARAPET_BLOCK_SCORE, models, onProgress: progress });
      if (flags.record) {
        const { recordEvaluation } = await import('../eval-record.ts');
        const bounds = { tprAlert: flags.tprAtLeast, fprAlert: flags.fprAtMost };
        await withLog((parts) => recordEvaluation({ ...parts, actor: 'cli' }, evaluated, bounds));
      }
      for (const line of renderEvaluation(evaluated)) console.log(line);
      if (flags.json) console.log(JSON.stringify(evaluationJson(evaluated)));
    });
}
