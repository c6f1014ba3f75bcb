// The policy runtime compiles and type-checks a pack that begins in TypeScript at every start, with the program's
// settings missing. Begun in JavaScript, Node strips the types of the rest by itself.
import "./pack/pack.ts";
