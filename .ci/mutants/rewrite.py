"""Writes all mutants of a source file into it at once, each behind a switch.

cargo-mutants says what the mutants are; tree-sitter says where in the grammar they stand. A mutant is on when
`crate::mutant_switch::is_on(NUMBER)` says so at run time, so that one build serves them all.
"""

import tree_sitter
import tree_sitter_rust

LANGUAGE = tree_sitter.Language(tree_sitter_rust.language())
COMPARISONS = {"==", "!=", "<", ">", "<=", ">="}
LOGICAL = {"&&", "||"}
# What is computed while compiling cannot ask a switch.
CONSTANT = {"const_item", "static_item", "array_type", "const_block", "enum_variant", "attribute_item"}

# The mark of what a mutant puts in the place of the code, unlike what had to be rewritten to make room for it.
MUTANT = b"mutant "

SWITCH = """
#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod mutant_switch {
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    /// Nobody has looked yet which mutant is on.
    const UNREAD: u32 = u32::MAX;
    /// None is, and those that are reached are written down.
    const WATCHING: u32 = u32::MAX - 1;
    const NONE: u32 = u32::MAX - 2;

    static ON: AtomicU32 = AtomicU32::new(UNREAD);
    static REACHED: OnceLock<String> = OnceLock::new();
    static SEEN: [AtomicBool; 16_384] = [const { AtomicBool::new(false) }; 16_384];

    // Some are asked millions of times.
    #[inline]
    pub(crate) fn is_on(number: u32) -> bool {
        match ON.load(Relaxed) {
            UNREAD | WATCHING => watch(number),
            on => on == number,
        }
    }

    #[cold]
    fn read() -> u32 {
        if let Ok(file) = std::env::var("MUTANTS_REACHED") {
            REACHED.get_or_init(|| file);
            return WATCHING;
        }
        std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(NONE)
    }

    fn watch(number: u32) -> bool {
        if ON.load(Relaxed) == UNREAD {
            ON.store(read(), Relaxed);
        }
        let Some(file) = REACHED.get() else {
            return ON.load(Relaxed) == number;
        };
        let seen = &SEEN[number as usize];
        if !seen.load(Relaxed) && !seen.swap(true, Relaxed) {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(file);
            file.and_then(|mut file| writeln!(file, "{number}")).expect("the file of what was reached");
        }
        false
    }

    /// An iterator without a name, or what a mutant puts in its place.
    pub(crate) enum Either<M, C> {
        Mutant(M),
        Code(C),
    }

    impl<T, M: Iterator<Item = T>, C: Iterator<Item = T>> Iterator for Either<M, C> {
        type Item = T;

        fn next(&mut self) -> Option<T> {
            match self {
                Self::Mutant(items) => items.next(),
                Self::Code(items) => items.next(),
            }
        }
    }
}
"""


class Unswitchable(Exception):
    """A mutant that has to be built on its own."""


class Unviable(Exception):
    """A mutant that never compiles."""


def parse(source: bytes):
    return tree_sitter.Parser(LANGUAGE).parse(source).root_node


class File:
    """One source file and the mutants in it."""

    def __init__(self, source: bytes, mutants: list):
        self.source = source
        lines = source.split(b"\n")
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        self.starts = starts
        self.lines = lines
        self.root = parse(source)
        self.by_node = {}
        self.unswitchable = {}
        self.unviable = set()
        self.function_of = {}
        # Constants that are written as functions, so that they can ask a switch.
        self.constants = set()
        for mutant in mutants:
            try:
                self.place(mutant)
            except Unswitchable as reason:
                self.unswitchable[mutant["number"]] = str(reason)
            except Unviable:
                self.unviable.add(mutant["number"])

    def offset(self, position) -> int:
        line = self.lines[position["line"] - 1].decode()
        return self.starts[position["line"] - 1] + len(line[: position["column"] - 1].encode())

    def place(self, mutant):
        start, end = self.offset(mutant["span"]["start"]), self.offset(mutant["span"]["end"])
        genre = mutant["genre"]
        # The span of a field takes in the comma after it.
        node = self.root.descendant_for_byte_range(start, start if genre == "StructField" else end)
        wanted = {
            "FnValue": lambda n: n.type == "function_item",
            "BinaryOperator": lambda n: n.type in ("binary_expression", "compound_assignment_expr"),
            "UnaryOperator": lambda n: n.type == "unary_expression" and n.start_byte == start,
            "MatchArm": lambda n: n.type == "match_arm",
            "MatchArmGuard": lambda n: n.type == "match_arm",
            "StructField": lambda n: n.type in ("field_initializer", "shorthand_field_initializer"),
        }.get(genre)
        if wanted is None:
            raise Unswitchable(f"the genre {genre} is not known here")
        if genre == "BinaryOperator" and node.parent is not None and node.parent.type == "let_chain":
            # `||` beside a `let` is no Rust.
            raise Unviable
        while node is not None and not wanted(node):
            node = node.parent
        if node is None:
            raise Unswitchable("it is not where the grammar has such a thing")
        self.check(mutant, node)
        self.by_node.setdefault((node.start_byte, node.end_byte, node.type), []).append(mutant)
        parent = node
        while parent is not None and parent.type != "function_item":
            parent = parent.parent
        self.function_of[mutant["number"]] = parent and (parent.start_byte, parent.end_byte)

    def check(self, mutant, node):
        parent = node
        while parent is not None:
            if parent.type in CONSTANT:
                if parent.type != "const_item" or not self.can_be_function(parent):
                    raise Unswitchable("it is computed while compiling")
                self.constants.add(self.name(parent))
                break
            if parent.type == "function_item":
                modifiers = [child for child in parent.children if child.type == "function_modifiers"]
                if any(b"const" in self.source[m.start_byte : m.end_byte].split() for m in modifiers):
                    raise Unswitchable("its function is const")
                returns = mutant["function"]["return_type"] or "" if mutant["genre"] == "FnValue" else ""
                if "impl " in returns and not returns.startswith("-> impl Iterator<"):
                    raise Unswitchable("its function returns a type without a name")
                break
            parent = parent.parent
        if mutant["genre"] == "StructField" and not self.base(node):
            raise Unswitchable("its struct expression has no base")

    def name(self, node) -> bytes:
        name = node.child_by_field_name("name")
        return self.source[name.start_byte : name.end_byte]

    def can_be_function(self, constant) -> bool:
        """Whether a constant is of this file alone, and used nowhere that is computed while compiling."""
        if constant.parent.type != "source_file" or constant.children[0].type == "visibility_modifier":
            return False
        name = self.name(constant)
        if b"{" + name in self.source:
            return False
        for use in self.uses(self.root, name):
            parent = use
            while parent is not None:
                if parent.type in CONSTANT | {"match_pattern", "macro_definition", "use_declaration"}:
                    return parent == constant
                parent = parent.parent
        return True

    def uses(self, node, name):
        if node.type == "identifier" and self.source[node.start_byte : node.end_byte] == name:
            declares = node.parent.type == "const_item" and node.parent.child_by_field_name("name") == node
            if not declares:
                yield node
        for child in node.children:
            yield from self.uses(child, name)

    def base(self, field):
        for sibling in field.parent.children:
            if sibling.type == "base_field_initializer":
                return sibling.children[-1]
        return None

    def render(self) -> bytes:
        return self.text(self.root)

    def inner(self, node, skip=None) -> bytes:
        """The text of a node whose children are rewritten."""
        out, at = [], node.start_byte
        for child in node.children:
            out.append(self.source[at : child.start_byte])
            out.append(skip[1] if skip and child.start_byte == skip[0] else self.text(child))
            at = child.end_byte
        out.append(self.source[at : node.end_byte])
        return b"".join(out)

    def text(self, node) -> bytes:
        mutants = self.by_node.get((node.start_byte, node.end_byte, node.type), [])
        if node.type == "const_item" and self.name(node) in self.constants:
            return self.constant(node)
        if node.type == "identifier" and self.source[node.start_byte : node.end_byte] in self.constants:
            return self.source[node.start_byte : node.end_byte] + b"()"
        if not mutants:
            return self.inner(node) if node.children else self.source[node.start_byte : node.end_byte]
        rewrite = getattr(self, node.type)
        return rewrite(node, mutants)

    def marked(self, mutants, text: bytes, kind: bytes = b"rewritten ") -> bytes:
        numbers = kind + ",".join(str(mutant["number"]) for mutant in mutants).encode()
        return b"/*<" + numbers + b"*/" + text + b"/*" + numbers + b">*/"

    def constant(self, node) -> bytes:
        shape = node.child_by_field_name("type")
        return b"#[allow(non_snake_case)] fn %s() -> %s { %s }" % (
            self.name(node),
            self.source[shape.start_byte : shape.end_byte],
            self.text(node.child_by_field_name("value")),
        )

    def function_item(self, node, mutants) -> bytes:
        body = node.child_by_field_name("body")
        if (mutants[0]["function"]["return_type"] or "").startswith("-> impl "):
            return self.inner(node, skip=(body.start_byte, self.either(mutants, self.inner(body))))
        returns = b"".join(
            self.marked(
                [mutant],
                b"if %s { return %s; }" % (condition(mutant), mutant["replacement"].encode()),
                MUTANT,
            )
            for mutant in mutants
        )
        rewritten = self.inner(body)
        return self.inner(node, skip=(body.start_byte, b"{" + returns + rewritten[1:]))

    def either(self, mutants, body: bytes) -> bytes:
        for mutant in mutants:
            other = self.marked([mutant], mutant["replacement"].encode(), MUTANT)
            path = b"crate::mutant_switch::Either::"
            body = b"{ if %s { %sMutant(%s) } else { %sCode(%s) } }" % (condition(mutant), path, other, path, body)
        return body

    def choice(self, mutants, arms, otherwise: bytes) -> bytes:
        chain = b"".join(
            b"if %s { %s } else " % (condition(mutant), self.marked([mutant], arm, MUTANT))
            for mutant, arm in zip(mutants, arms)
        )
        return chain + b"{ " + otherwise + b" }"

    def binary_expression(self, node, mutants) -> bytes:
        left = self.text(node.child_by_field_name("left"))
        right = self.text(node.child_by_field_name("right"))
        operator = node.child_by_field_name("operator").type.encode()
        others = [mutant["replacement"].encode() for mutant in mutants]
        if operator.decode() in LOGICAL:
            arms = [b"mutated %s (%s)" % (other, right) for other in others]
            text = b"{ let mutated: bool = %s; %s }" % (
                left,
                self.choice(mutants, arms, b"mutated %s (%s)" % (operator, right)),
            )
            return self.marked(mutants, b"(" + text + b")")
        arms = [b"left %s right" % other for other in others]
        choice = self.choice(mutants, arms, b"left %s right" % operator)
        by = b"&" if operator.decode() in COMPARISONS else b""
        text = b"(match (%s(%s), %s(%s)) { (left, right) => %s })" % (by, left, by, right, choice)
        return self.marked(mutants, text)

    def compound_assignment_expr(self, node, mutants) -> bytes:
        left = self.text(node.child_by_field_name("left"))
        right = self.text(node.child_by_field_name("right"))
        operator = node.child_by_field_name("operator").type.encode()
        arms = [b"%s %s (%s);" % (left, mutant["replacement"].encode(), right) for mutant in mutants]
        choice = self.choice(mutants, arms, b"%s %s (%s);" % (left, operator, right))
        return self.marked(mutants, choice)

    def unary_expression(self, node, mutants) -> bytes:
        operator = self.source[node.start_byte : node.start_byte + 1]
        operand = self.text(node.children[-1])
        choice = self.choice(mutants, [b"mutated"] * len(mutants), operator + b"mutated")
        return self.marked(mutants, b"(match (%s) { mutated => %s })" % (operand, choice))

    def match_arm(self, node, mutants) -> bytes:
        pattern = node.child_by_field_name("pattern")
        guard = pattern.child_by_field_name("condition")
        gone = [mutant for mutant in mutants if mutant["genre"] == "MatchArm"]
        guards = [mutant for mutant in mutants if mutant["genre"] == "MatchArmGuard"]
        condition_text = b"true" if guard is None else self.text(guard)
        for mutant in guards:
            if mutant["replacement"] == "true":
                condition_text = b"(%s || (%s))" % (condition(mutant), condition_text)
            else:
                condition_text = b"(!%s && (%s))" % (condition(mutant), condition_text)
        for mutant in gone:
            condition_text = b"(!%s && (%s))" % (condition(mutant), condition_text)
        before = pattern.children[0]
        last = guard.prev_sibling.prev_sibling if guard is not None else pattern.children[-1]
        shape = self.source[before.start_byte : last.end_byte]
        new = shape + b" if " + self.marked(mutants, condition_text)
        return self.inner(node, skip=(pattern.start_byte, new))

    def field_initializer(self, node, mutants) -> bytes:
        name = self.source[node.children[0].start_byte : node.children[0].end_byte]
        value = self.text(node.child_by_field_name("value"))
        return self.field(node, mutants, name, value)

    def shorthand_field_initializer(self, node, mutants) -> bytes:
        name = self.source[node.start_byte : node.end_byte]
        return self.field(node, mutants, name, name)

    def field(self, node, mutants, name, value) -> bytes:
        base = self.base(node)
        default = self.source[base.start_byte : base.end_byte]
        choice = self.choice(mutants, [b"(%s).%s" % (default, name)] * len(mutants), value)
        return name + b": " + self.marked(mutants, choice)


def condition(mutant) -> bytes:
    return b"crate::mutant_switch::is_on(%d)" % mutant["number"]
