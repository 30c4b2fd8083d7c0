import { renderLog } from '../../tests/agent/renderLog';

/** What the demo prints: plain into a file, with colours on a terminal. */
export class Screen {
  private readonly colour: boolean;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.colour = stream.isTTY && stream.hasColors();
  }

  heading(text: string): void {
    this.print(`\n${this.paint(`── ${text} ${'─'.repeat(Math.max(3, 76 - text.length))}`, 36)}\n\n`);
  }

  line(text: string): void {
    this.print(`${text}\n`);
  }

  good(text: string): void {
    this.print(`${this.paint(`✔ ${text}`, 32)}\n`);
  }

  bad(text: string): void {
    this.print(`${this.paint(`✘ ${text}`, 31)}\n`);
  }

  /** A line of a step's log, as the web log shows it. */
  log(line: string): void {
    this.print(indented(renderLog({ log: [line] }, { colour: this.colour })));
  }

  /** A block of text under a title. */
  block(title: string, text: string): void {
    this.print(`\n${this.paint(title, 1)}\n${indented(text.trimEnd())}\n`);
  }

  private paint(text: string, colour: number): string {
    return this.colour ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }

  private print(text: string): void {
    this.stream.write(text);
  }
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
