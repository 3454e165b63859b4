// @ts-check
// Sets this program's clock: `CLOCK_SHIFT` is in days. Children have the machine's own.
const shift = Number(process.env['CLOCK_SHIFT']) * 86_400_000
const Real = Date
globalThis.Date = new Proxy(Real, {
  construct: (target, args) => (args.length === 0 ? new target(Real.now() + shift) : Reflect.construct(target, args)),
  get: (target, key) => (key === 'now' ? () => Real.now() + shift : Reflect.get(target, key)),
})
