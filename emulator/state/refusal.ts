/** What the service throws: its exception's short name, the text, and the HTTP status that it maps to. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly typeKey: string,
    message: string,
    readonly customProperties?: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** The refusal of a run: the reasons stand in `customProperties.ValidationResults` only. */
export function validationFailure(messages: string[]): Refusal {
  return new Refusal(
    400,
    'BuildRequestValidationFailedException',
    'Could not queue the build because there were validation errors or warnings.',
    { ValidationResults: messages.map((message) => ({ result: 'error', message })) },
  );
}

/** The refusal of YAML that cannot be loaded or expanded, as the pipelines area words it. */
export function pipelineInvalid(message: string): Refusal {
  return new Refusal(400, 'PipelineValidationException', message, {
    ValidationResults: [{ result: 'error', message }],
  });
}
