/** The part of jasmine-core 5 that runs the suite. */
declare module 'jasmine-core/lib/jasmine-core/jasmine.js' {
  export interface JasmineResult {
    readonly id: string;
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly { readonly message: string }[];
  }

  export interface JasmineSpec {
    readonly id: string;
    getFullName(): string;
  }

  export interface JasmineEnvironment {
    configure(configuration: { random?: boolean; specFilter?: (spec: JasmineSpec) => boolean }): void;
    addReporter(reporter: {
      specStarted(result: JasmineResult): void;
      specDone(result: JasmineResult): void;
      suiteDone(result: JasmineResult): void;
    }): void;
    execute(): Promise<{ readonly failedExpectations: readonly { readonly message: string }[] }>;
  }

  interface JasmineRequire {
    core(required: JasmineRequire): { getEnv(options: { suppressLoadErrors: boolean }): JasmineEnvironment };
    interface(jasmine: unknown, environment: JasmineEnvironment): Record<string, unknown>;
  }

  const required: JasmineRequire;
  export default required;
}
