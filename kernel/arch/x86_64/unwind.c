/* SPDX-License-Identifier: BSD-3-Clause */
/* Executes unwind instructions (DWARF 5, 6.4.2; the GNU and LSB additions) for one frame. */
#include <arch/unwind.h>

#include <arch/user.h>
#include <lib/string.h>

#include "unwind_table.h"

#define REGISTER_RSP	 7
#define REGISTER_RETURN	 16
#define REMEMBER_MAX	 4
#define INSTRUCTIONS_MAX 4096

/* DW_CFA_* */
enum {
	CFA_ADVANCE = 0x40, /* in the high two bits */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0,
	CFA_ADVANCE1 = 2,
	CFA_ADVANCE2 = 3,
	CFA_ADVANCE4 = 4,
	CFA_OFFSET_EXTENDED = 5,
	CFA_RESTORE_EXTENDED = 6,
	CFA_UNDEFINED = 7,
	CFA_SAME = 8,
	CFA_REMEMBER = 10,
	CFA_RESTORE_STATE = 11,
	CFA_DEF_CFA = 12,
	CFA_DEF_CFA_REGISTER = 13,
	CFA_DEF_CFA_OFFSET = 14,
	CFA_DEF_CFA_EXPRESSION = 15,
	CFA_EXPRESSION = 16,
	CFA_OFFSET_EXTENDED_SF = 17,
	CFA_DEF_CFA_SF = 18,
	CFA_DEF_CFA_OFFSET_SF = 19,
	CFA_GNU_ARGS_SIZE = 0x2e,
};

/* DW_OP_*: the few that compilers and the C library use here. */
enum { OP_DEREF = 6, OP_PLUS_UCONST = 0x23, OP_BREG0 = 0x70, OP_BREG31 = 0x8f };

enum rule_kind { RULE_SAME, RULE_UNDEFINED, RULE_OFFSET, RULE_EXPRESSION };

struct rule {
	enum rule_kind kind;
	int64_t offset; /* from the CFA */
	struct unwind_cursor expression;
};

/* The row of the table that holds at the current address. */
struct row {
	struct rule registers[ARCH_UNWIND_REGISTERS];
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct unwind_cursor cfa_expression; /* at 0: register and offset hold */
};

struct machine {
	struct row row, initial, remembered[REMEMBER_MAX];
	unsigned depth;
	uintptr_t location;
	bool failed;
};

void arch_unwind_begin(struct arch_unwind *unwind, const struct trap_frame *f)
{
	const uint64_t values[ARCH_UNWIND_REGISTERS] = {
		f->rax, f->rdx, f->rcx, f->rbx, f->rsi, f->rdi, f->rbp, f->rsp, f->r8,
		f->r9,	f->r10, f->r11, f->r12, f->r13, f->r14, f->r15, f->rip,
	};

	memcpy(unwind->value, values, sizeof(values));
	unwind->first = true;
}

uintptr_t arch_unwind_address(const struct arch_unwind *unwind)
{
	return unwind->value[REGISTER_RETURN];
}

static struct rule *rule_of(struct machine *m, uint64_t reg)
{
	static struct rule ignored; /* registers that nobody asks for, such as vector ones */

	return reg < ARCH_UNWIND_REGISTERS ? &m->row.registers[reg] : &ignored;
}

static void set_offset(struct machine *m, uint64_t reg, int64_t offset)
{
	*rule_of(m, reg) = (struct rule){.kind = RULE_OFFSET, .offset = offset};
}

static struct unwind_cursor take_block(struct unwind_cursor *c)
{
	uint64_t size = cursor_uleb(c);
	struct unwind_cursor block = {c->at, c->at + size, false};

	if (c->failed || size > c->end - c->at)
		c->failed = true;
	else
		c->at += size;
	return block;
}

static void restore_state(struct machine *m)
{
	if (m->depth)
		m->row = m->remembered[--m->depth];
	else
		m->failed = true;
}

static void remember_state(struct machine *m)
{
	if (m->depth < REMEMBER_MAX)
		m->remembered[m->depth++] = m->row;
	else
		m->failed = true;
}

static void define_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row.cfa_register = reg;
	m->row.cfa_offset = offset;
	m->row.cfa_expression.at = 0;
}

/* Instructions that define the CFA; false: it is another one. */
static bool execute_cfa(struct machine *m, const struct unwind_entry *e, struct unwind_cursor *c,
			unsigned op)
{
	uint64_t reg;

	switch (op) {
	case CFA_DEF_CFA:
		reg = cursor_uleb(c);
		define_cfa(m, reg, (int64_t)cursor_uleb(c));
		return true;
	case CFA_DEF_CFA_SF:
		reg = cursor_uleb(c);
		define_cfa(m, reg, cursor_sleb(c) * e->data_factor);
		return true;
	case CFA_DEF_CFA_REGISTER:
		define_cfa(m, cursor_uleb(c), m->row.cfa_offset);
		return true;
	case CFA_DEF_CFA_OFFSET:
		define_cfa(m, m->row.cfa_register, (int64_t)cursor_uleb(c));
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		define_cfa(m, m->row.cfa_register, cursor_sleb(c) * e->data_factor);
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		m->row.cfa_expression = take_block(c);
		return true;
	default:
		return false;
	}
}

/* Instructions that say where a register is; false: it is another one. */
static bool execute_rule(struct machine *m, const struct unwind_entry *e, struct unwind_cursor *c,
			 unsigned op)
{
	uint64_t reg;

	if (op != CFA_OFFSET_EXTENDED && op != CFA_OFFSET_EXTENDED_SF &&
	    op != CFA_RESTORE_EXTENDED && op != CFA_UNDEFINED && op != CFA_SAME &&
	    op != CFA_EXPRESSION)
		return false;
	reg = cursor_uleb(c);
	if (op == CFA_OFFSET_EXTENDED)
		set_offset(m, reg, (int64_t)cursor_uleb(c) * e->data_factor);
	else if (op == CFA_OFFSET_EXTENDED_SF)
		set_offset(m, reg, cursor_sleb(c) * e->data_factor);
	else if (op == CFA_EXPRESSION)
		*rule_of(m, reg) =
			(struct rule){.kind = RULE_EXPRESSION, .expression = take_block(c)};
	else if (op != CFA_RESTORE_EXTENDED)
		rule_of(m, reg)->kind = op == CFA_SAME ? RULE_SAME : RULE_UNDEFINED;
	else if (reg < ARCH_UNWIND_REGISTERS)
		m->row.registers[reg] = m->initial.registers[reg];
	return true;
}

/* Instructions whose operand is not in the first byte. */
static void execute_extended(struct machine *m, const struct unwind_entry *e,
			     struct unwind_cursor *c, unsigned op)
{
	if (execute_cfa(m, e, c, op) || execute_rule(m, e, c, op))
		return;
	switch (op) {
	case CFA_NOP:
		break;
	case CFA_ADVANCE1:
	case CFA_ADVANCE2:
	case CFA_ADVANCE4:
		m->location += cursor_read(c, 1u << (op - CFA_ADVANCE1)) * e->code_factor;
		break;
	case CFA_REMEMBER:
		remember_state(m);
		break;
	case CFA_RESTORE_STATE:
		restore_state(m);
		break;
	case CFA_GNU_ARGS_SIZE:
		(void)cursor_uleb(c);
		break;
	default: /* a register in a register, and rarer ones */
		m->failed = true;
	}
}

/* Executes the instructions at C that hold at ADDRESS. */
static void execute(struct machine *m, const struct unwind_entry *e, struct unwind_cursor c,
		    uintptr_t address)
{
	for (unsigned i = 0; c.at < c.end && m->location <= address && !m->failed; i++) {
		unsigned op = (unsigned)cursor_read(&c, 1);
		unsigned operand = op & 0x3f;

		switch (op & 0xc0) {
		case CFA_ADVANCE:
			m->location += operand * e->code_factor;
			break;
		case CFA_OFFSET:
			set_offset(m, operand, (int64_t)cursor_uleb(&c) * e->data_factor);
			break;
		case CFA_RESTORE:
			if (operand < ARCH_UNWIND_REGISTERS)
				m->row.registers[operand] = m->initial.registers[operand];
			break;
		default:
			execute_extended(m, e, &c, op);
		}
		m->failed |= c.failed || i == INSTRUCTIONS_MAX;
	}
}

/* Value of an expression: registers plus constants, and loads from memory. */
static bool evaluate(const struct arch_unwind *u, struct unwind_cursor c, uint64_t *value)
{
	*value = 0;
	while (c.at < c.end && !c.failed) {
		unsigned op = (unsigned)cursor_read(&c, 1);

		if (op >= OP_BREG0 && op <= OP_BREG31) {
			unsigned reg = op - OP_BREG0;

			if (reg >= ARCH_UNWIND_REGISTERS)
				return false;
			*value = u->value[reg] + (uint64_t)cursor_sleb(&c);
		} else if (op == OP_DEREF) {
			if (arch_user_read(value, *value, sizeof(*value)))
				return false;
		} else if (op == OP_PLUS_UCONST) {
			*value += cursor_uleb(&c);
		} else {
			return false;
		}
	}
	return !c.failed;
}

static bool compute_cfa(const struct arch_unwind *u, const struct row *row, uint64_t *cfa)
{
	if (row->cfa_expression.at)
		return evaluate(u, row->cfa_expression, cfa);
	if (row->cfa_register >= ARCH_UNWIND_REGISTERS)
		return false;
	*cfa = u->value[row->cfa_register] + (uint64_t)row->cfa_offset;
	return true;
}

/* The caller's registers by ROW. */
static bool apply(struct arch_unwind *u, const struct row *row)
{
	struct arch_unwind caller = *u;
	uint64_t cfa, address;

	if (!compute_cfa(u, row, &cfa) || row->registers[REGISTER_RETURN].kind == RULE_UNDEFINED)
		return false;
	for (unsigned i = 0; i < ARCH_UNWIND_REGISTERS; i++) {
		const struct rule *rule = &row->registers[i];

		if (rule->kind == RULE_OFFSET)
			address = cfa + (uint64_t)rule->offset;
		else if (rule->kind != RULE_EXPRESSION)
			continue;
		else if (!evaluate(u, rule->expression, &address))
			return false;
		if (arch_user_read(&caller.value[i], address, sizeof(caller.value[i])))
			return false;
	}
	if (row->registers[REGISTER_RSP].kind == RULE_SAME)
		caller.value[REGISTER_RSP] = cfa;
	*u = caller;
	return true;
}

/* Without an entry: a jump through a bad pointer leaves the return address on top of the stack. */
static bool step_from_nowhere(struct arch_unwind *u)
{
	if (!u->first ||
	    arch_user_read(&u->value[REGISTER_RETURN], u->value[REGISTER_RSP], sizeof(uint64_t)))
		return false;
	u->value[REGISTER_RSP] += sizeof(uint64_t);
	u->first = false;
	return true;
}

bool arch_unwind_step(struct arch_unwind *u, uintptr_t header)
{
	static struct machine m; /* too large for a kernel stack; the caller locks */
	uintptr_t address = arch_unwind_address(u) - !u->first;
	struct unwind_entry entry;
	uint64_t before = u->value[REGISTER_RSP];

	if (!unwind_find(header, address, &entry))
		return step_from_nowhere(u);
	memset(&m, 0, sizeof(m));
	m.location = entry.start;
	execute(&m, &entry, entry.initial, UINTPTR_MAX);
	m.initial = m.row;
	m.location = entry.start;
	execute(&m, &entry, entry.instructions, address);
	if (m.failed || entry.return_register != REGISTER_RETURN || !apply(u, &m.row))
		return false;
	u->first = entry.signal_frame;
	return arch_unwind_address(u) && (entry.signal_frame || u->value[REGISTER_RSP] > before);
}
