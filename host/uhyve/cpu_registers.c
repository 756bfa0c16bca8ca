/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See cpu_registers.h. The order is that of the description below: GDB numbers registers as they
 * come in it. Layout of the extended state: Intel SDM vol. 1, 10.5.1 (FXSAVE) and 13.4 (XSAVE).
 */
#include "cpu_registers.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#define XSAVE_FCW	 0u
#define XSAVE_FSW	 2u
#define XSAVE_FTW	 4u /* one bit for each register: not empty */
#define XSAVE_FOP	 6u
#define XSAVE_FIP	 8u
#define XSAVE_FDP	 16u
#define XSAVE_MXCSR	 24u
#define XSAVE_ST	 32u /* 16 bytes for each register */
#define XSAVE_XMM	 160u
#define XSAVE_COMPONENTS 512u
#define XSAVE_YMM	 576u
#define COMPONENT_X87	 1u
#define COMPONENT_SSE	 2u
#define COMPONENT_AVX	 4u
#define X87_REGISTERS	 8u
#define X87_TOP(fsw)	 (((fsw) >> 11) & 7u)
#define TAG_VALID	 0u
#define TAG_ZERO	 1u
#define TAG_SPECIAL	 2u
#define TAG_EMPTY	 3u
#define EXPONENT_MAX	 0x7fffu

enum part {
	PART_REGS,
	PART_SREGS,
	PART_XSAVE,
	PART_TAGS, /* of the x87: GDB's has two bits each, the state only one */
};

struct cpu_register {
	enum part part;
	bool read_only;
	uint16_t offset;
	uint8_t size, stored; /* for GDB, and in the part: the rest is zero */
	uint8_t component;    /* of the extended state */
};

#define REG(field)                                                                                 \
	{                                                                                          \
		.part = PART_REGS, .offset = offsetof(struct kvm_regs, field), .size = 8,          \
		.stored = 8                                                                        \
	}
#define SELECTOR(field)                                                                            \
	{                                                                                          \
		.part = PART_SREGS, .offset = offsetof(struct kvm_sregs, field.selector),          \
		.size = 4, .stored = 2                                                             \
	}
#define SREG(field)                                                                                \
	{                                                                                          \
		.part = PART_SREGS, .offset = offsetof(struct kvm_sregs, field), .size = 8,        \
		.stored = 8                                                                        \
	}
#define CONTROL(field)                                                                             \
	{                                                                                          \
		.part = PART_SREGS, .read_only = true,                                             \
		.offset = offsetof(struct kvm_sregs, field), .size = 8, .stored = 8                \
	}
#define XSAVE(at, bytes, in, of)                                                                   \
	{                                                                                          \
		.part = PART_XSAVE, .offset = (at), .size = (bytes), .stored = (in),               \
		.component = (of)                                                                  \
	}
#define ST(n)	    XSAVE(XSAVE_ST + 16u * (n), 10, 10, COMPONENT_X87)
#define X87(at, in) XSAVE(at, 4, in, COMPONENT_X87)
#define XMM(n)	    XSAVE(XSAVE_XMM + 16u * (n), 16, 16, COMPONENT_SSE)
#define YMM(n)	    XSAVE(XSAVE_YMM + 16u * (n), 16, 16, COMPONENT_AVX)
#define SIXTEEN(item)                                                                              \
	item(0), item(1), item(2), item(3), item(4), item(5), item(6), item(7), item(8), item(9),  \
		item(10), item(11), item(12), item(13), item(14), item(15)

/* clang-format off */
static const struct cpu_register table[] = {
	REG(rax), REG(rbx), REG(rcx), REG(rdx), REG(rsi), REG(rdi), REG(rbp), REG(rsp), REG(r8),
	REG(r9), REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15), REG(rip),
	{.part = PART_REGS, .offset = offsetof(struct kvm_regs, rflags), .size = 4, .stored = 4},
	SELECTOR(cs), SELECTOR(ss), SELECTOR(ds), SELECTOR(es), SELECTOR(fs), SELECTOR(gs),
	ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7), X87(XSAVE_FCW, 2),
	X87(XSAVE_FSW, 2),
	{.part = PART_TAGS, .size = 4, .component = COMPONENT_X87},
	X87(XSAVE_FIP + 4, 4), X87(XSAVE_FIP, 4), X87(XSAVE_FDP + 4, 4), X87(XSAVE_FDP, 4),
	X87(XSAVE_FOP, 2), SIXTEEN(XMM), XSAVE(XSAVE_MXCSR, 4, 4, COMPONENT_SSE),
	SREG(fs.base), SREG(gs.base), SIXTEEN(YMM), CONTROL(cr0), CONTROL(cr2), CONTROL(cr3),
	CONTROL(cr4), CONTROL(cr8), CONTROL(efer),
};
/* clang-format on */

#define XML(name, bits, type) "<reg name='" name "' bitsize='" #bits "' type='" type "'/>"
#define XML_INT(name)	      XML(name, 64, "int64")
#define XML_SEL(name)	      XML(name, 32, "int32")
#define XML_ST(n)	      XML("st" #n, 80, "i387_ext")
#define XML_X87(name)	      "<reg name='" name "' bitsize='32' type='int' group='float'/>"
#define XML_XMM(n)	      XML("xmm" #n, 128, "vec128")
#define XML_YMM(n)	      XML("ymm" #n "h", 128, "uint128")
#define XML_SIXTEEN(item)                                                                          \
	item(0) item(1) item(2) item(3) item(4) item(5) item(6) item(7) item(8) item(9) item(10)   \
		item(11) item(12) item(13) item(14) item(15)

/* clang-format off */
static const char description[] =
	"<?xml version='1.0'?><!DOCTYPE target SYSTEM 'gdb-target.dtd'>"
	"<target><architecture>i386:x86-64</architecture>"
	"<feature name='org.gnu.gdb.i386.core'>"
	XML_INT("rax") XML_INT("rbx") XML_INT("rcx") XML_INT("rdx") XML_INT("rsi") XML_INT("rdi")
	XML("rbp", 64, "data_ptr") XML("rsp", 64, "data_ptr") XML_INT("r8") XML_INT("r9")
	XML_INT("r10") XML_INT("r11") XML_INT("r12") XML_INT("r13") XML_INT("r14") XML_INT("r15")
	XML("rip", 64, "code_ptr") XML_SEL("eflags") XML_SEL("cs") XML_SEL("ss") XML_SEL("ds")
	XML_SEL("es") XML_SEL("fs") XML_SEL("gs") XML_ST(0) XML_ST(1) XML_ST(2) XML_ST(3)
	XML_ST(4) XML_ST(5) XML_ST(6) XML_ST(7) XML_X87("fctrl") XML_X87("fstat")
	XML_X87("ftag") XML_X87("fiseg") XML_X87("fioff") XML_X87("foseg") XML_X87("fooff")
	XML_X87("fop")
	"</feature><feature name='org.gnu.gdb.i386.sse'>"
	"<vector id='v4f' type='ieee_single' count='4'/><vector id='v2d' type='ieee_double' count='2'/>"
	"<vector id='v16i8' type='int8' count='16'/><vector id='v8i16' type='int16' count='8'/>"
	"<vector id='v4i32' type='int32' count='4'/><vector id='v2i64' type='int64' count='2'/>"
	"<union id='vec128'><field name='v4_float' type='v4f'/><field name='v2_double' type='v2d'/>"
	"<field name='v16_int8' type='v16i8'/><field name='v8_int16' type='v8i16'/>"
	"<field name='v4_int32' type='v4i32'/><field name='v2_int64' type='v2i64'/>"
	"<field name='uint128' type='uint128'/></union>"
	XML_SIXTEEN(XML_XMM) XML("mxcsr", 32, "int")
	"</feature><feature name='org.gnu.gdb.i386.segments'>"
	XML_INT("fs_base") XML_INT("gs_base")
	"</feature><feature name='org.gnu.gdb.i386.avx'>"
	XML_SIXTEEN(XML_YMM)
	"</feature><feature name='org.hermitcore.control'>"
	XML_INT("cr0") XML_INT("cr2") XML_INT("cr3") XML_INT("cr4") XML_INT("cr8") XML_INT("efer")
	"</feature></target>";
/* clang-format on */

unsigned cpu_register_count(void)
{
	return sizeof(table) / sizeof(table[0]);
}

const char *cpu_register_description(void)
{
	return description;
}

int cpu_registers_load(struct cpu_registers *registers, int vcpu_fd)
{
	if (ioctl(vcpu_fd, KVM_GET_REGS, &registers->regs) != 0 ||
	    ioctl(vcpu_fd, KVM_GET_SREGS, &registers->sregs) != 0 ||
	    ioctl(vcpu_fd, KVM_GET_XSAVE, &registers->xsave) != 0)
		return -errno;
	return 0;
}

static uint8_t *part_address(struct cpu_registers *registers, enum part part)
{
	if (part == PART_REGS)
		return (uint8_t *)&registers->regs;
	if (part == PART_SREGS)
		return (uint8_t *)&registers->sregs;
	return (uint8_t *)&registers->xsave;
}

/* What the x87 itself makes of a register that is not empty (SDM vol. 1, 8.1.7). */
static unsigned register_tag(const uint8_t *value)
{
	uint64_t mantissa;
	uint16_t exponent;

	memcpy(&mantissa, value, sizeof(mantissa));
	memcpy(&exponent, value + sizeof(mantissa), sizeof(exponent));
	exponent &= EXPONENT_MAX;
	if (exponent == 0 && mantissa == 0)
		return TAG_ZERO;
	if (exponent == EXPONENT_MAX || exponent == 0 || !(mantissa >> 63))
		return TAG_SPECIAL;
	return TAG_VALID;
}

static uint32_t tags_get(const uint8_t *xsave)
{
	uint32_t tags = 0;
	uint16_t status;

	memcpy(&status, xsave + XSAVE_FSW, sizeof(status));
	for (unsigned i = 0; i < X87_REGISTERS; i++) {
		unsigned st = (i - X87_TOP(status)) % X87_REGISTERS; /* stored by stack position */
		unsigned tag = xsave[XSAVE_FTW] & 1u << i
				       ? register_tag(xsave + XSAVE_ST + 16u * st)
				       : TAG_EMPTY;
		tags |= tag << 2 * i;
	}
	return tags;
}

static void tags_set(uint8_t *xsave, uint32_t tags)
{
	xsave[XSAVE_FTW] = 0;
	for (unsigned i = 0; i < X87_REGISTERS; i++)
		if ((tags >> 2 * i & 3u) != TAG_EMPTY)
			xsave[XSAVE_FTW] |= (uint8_t)(1u << i);
}

size_t cpu_register_get(const struct cpu_registers *registers, unsigned number, void *data)
{
	const struct cpu_register *what = &table[number];
	const uint8_t *part;

	assert(number < cpu_register_count());
	memset(data, 0, what->size);
	if (what->part == PART_TAGS) {
		uint32_t tags = tags_get((const uint8_t *)&registers->xsave);
		memcpy(data, &tags, sizeof(tags));
		return what->size;
	}
	if (what->part == PART_REGS)
		part = (const uint8_t *)&registers->regs;
	else if (what->part == PART_SREGS)
		part = (const uint8_t *)&registers->sregs;
	else
		part = (const uint8_t *)&registers->xsave;
	memcpy(data, part + what->offset, what->stored);
	return what->size;
}

static int store(struct cpu_registers *registers, int vcpu_fd, const struct cpu_register *what)
{
	int result;

	if (what->part == PART_REGS) {
		result = ioctl(vcpu_fd, KVM_SET_REGS, &registers->regs);
	} else if (what->part == PART_SREGS) {
		result = ioctl(vcpu_fd, KVM_SET_SREGS, &registers->sregs);
	} else {
		uint64_t components;
		uint8_t *xsave = (uint8_t *)&registers->xsave;

		/* A component that is not named here would be reset. */
		memcpy(&components, xsave + XSAVE_COMPONENTS, sizeof(components));
		components |= what->component;
		memcpy(xsave + XSAVE_COMPONENTS, &components, sizeof(components));
		result = ioctl(vcpu_fd, KVM_SET_XSAVE, &registers->xsave);
	}
	return result == 0 ? 0 : -errno;
}

int cpu_register_set(struct cpu_registers *registers, int vcpu_fd, unsigned number,
		     const void *data, size_t size)
{
	const struct cpu_register *what = &table[number];

	assert(number < cpu_register_count());
	if (size != what->size)
		return -EINVAL;
	if (what->read_only)
		return -EPERM;
	uint8_t *part = part_address(registers, what->part);
	if (what->part == PART_TAGS) {
		uint32_t tags;
		memcpy(&tags, data, sizeof(tags));
		tags_set(part, tags);
	} else {
		if (memcmp(part + what->offset, data, what->stored) == 0)
			return 0;
		memcpy(part + what->offset, data, what->stored);
	}
	int error = store(registers, vcpu_fd, what);
	if (error) /* what is shown is what is there */
		cpu_registers_load(registers, vcpu_fd);
	return error;
}
