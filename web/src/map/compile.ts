/**
 * regl writes every draw call as the text of a function. The server's content security policy lets no text become code
 * except in a script that carries the policy's nonce, so the text goes into one. The build puts `unpoolCompile` in the
 * place of `Function.apply`. A page without a nonce, such as a shared file, has no policy to heed.
 */
export function allowCompiling(): void {
  Reflect.set(globalThis, "unpoolCompile", compile);
}

function compile(_: unknown, words: string[]): unknown {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
  if (!nonce) return Function(...words);
  const script = document.createElement("script");
  script.nonce = nonce;
  script.textContent = `unpoolCompiled = function(${words.slice(0, -1).join()}) {${words.at(-1)}}`;
  document.head.append(script);
  script.remove();
  return Reflect.get(globalThis, "unpoolCompiled");
}
