import { type AddHelpTextContext, type AddHelpTextPosition, Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { UserError } from '../errors.ts';
import { explainFinally } from '../system-errors.ts';
import * as augmenting from './augment.ts';
import * as comparing from './compare/compare.ts';
import * as corruption from './corrupt/corrupt.ts';
import * as datasets from './data/data.ts';
import * as demo from './demo.ts';
import * as doctor from './doctor/doctor.ts';
import * as evaluation from './evaluate/evaluate.ts';
import * as experimenting from './experiment/experiment.ts';
import * as exporting from './export.ts';
import * as inspection from './inspect.ts';
import * as models from './models.ts';
import * as reporting from './report/report.ts';
import * as retrofitting from './retrofit.ts';
import * as searching from './search/search.ts';
import { addLimitOptions } from './shared/limit-options.ts';
import { fitHelp } from './shared/lines.ts';
import { checkPlaces } from './shared/places.ts';
import * as training from './train/train.ts';
import { version } from './version.ts';

const EXAMPLES = `
Start here:
  $ pushpull demo                        the whole story on embedded data, a few minutes, no download
  $ pushpull doctor                      what this machine offers, and what is missing

Train a plain network and a push-pull network on CIFAR-10, and compare them under 15 corruptions:
  $ pushpull data cifar10
  $ pushpull train --data cifar10 --stem conv --out runs/plain
  $ pushpull train --data cifar10 --stem pushpull --avg 3 --out runs/pushpull
  $ pushpull evaluate runs/plain --data cifar10 --out plain.json
  $ pushpull evaluate runs/pushpull --data cifar10 --baseline plain.json --out pushpull.json
  $ pushpull report plain.json pushpull.json --out report

Every command tells more: pushpull train --help
`;

/** Examples behind the options, which Commander prints as they are, are broken to the width as the rest is. */
class FittedCommand extends Command {
  override createCommand(name?: string): Command {
    return new FittedCommand(name);
  }

  override addHelpText(
    position: AddHelpTextPosition,
    text: string | ((context: AddHelpTextContext) => string),
  ): this {
    return super.addHelpText(position, (context) => {
      const { columns } = context.error ? process.stderr : process.stdout;
      return fitHelp(typeof text === 'function' ? text(context) : text, Math.max(80, columns ?? 100));
    });
  }
}

/** In the order of the help. */
const COMMANDS = [
  demo,
  datasets,
  training,
  searching,
  evaluation,
  comparing,
  reporting,
  inspection,
  experimenting,
  corruption,
  augmenting,
  exporting,
  retrofitting,
  models,
  doctor,
] as const;

/** The program with all its commands; `parseAsync` of it runs one. */
export function createProgram(): Command {
  const program = new FittedCommand('pushpull')
    .description(
      'Train push-pull networks, measure any image classifier under 15 corruptions, see why it fails, ship it.',
    )
    .version(version())
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: false,
      subcommandTerm: (command) => command.name(),
    })
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .exitOverride()
    .addHelpText('after', EXAMPLES)
    .hook('preAction', (_, command) => checkPlaces(command));
  for (const { register } of COMMANDS) register(program);
  addLimitOptions(program);
  return program;
}

/** Commander's message as one line that also says where help is. */
function oneLine(text: string): string {
  const message = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  return `${pc.red('error:')} ${message}${message.endsWith('.') || message.endsWith('?)') ? '' : '.'} See 'pushpull --help'.\n`;
}

/**
 * Run the program as the command line does.
 *
 * @param words The arguments, without the program's name.
 * @returns The exit status: 0, what a command set, 2 for what the user can mend, 1 for a defect of ours.
 */
export async function run(words: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (cause) {
    const error = explainFinally(cause);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UserError) {
      console.error(`${pc.red('error:')} ${error.message}`);
      return 2;
    }
    console.error(error);
    return 1;
  }
}
