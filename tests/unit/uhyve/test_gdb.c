/* SPDX-License-Identifier: BSD-3-Clause */
/* The GDB server: frames, commands and what it makes of wrong ones. */
#include "check.h"
#include "gdb_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake fake;
static struct gdb_server server;
static const struct gdb_stop at_start = {.reason = GDB_STOPPED_AFTER_STEP};

static void begin(void)
{
	fake_init(&fake);
	gdb_server_open(&server, &fake.target, &at_start);
}

static void send_bytes(const void *data, size_t size)
{
	fake.sent = 0;
	gdb_server_receive(&server, data, size);
	fake.out[fake.sent] = '\0';
}

static void send_packet(const char *data, size_t size)
{
	static char frame[2 * GDB_PACKET_MAX];
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + (uint8_t)data[i]);
	frame[0] = '$';
	memcpy(frame + 1, data, size);
	snprintf(frame + 1 + size, 4, "#%02x", sum);
	send_bytes(frame, size + 4);
}

/* The reply to PACKET, without its frame, which is checked; "(none)" without one. */
static const char *ask(const char *packet)
{
	uint8_t sum = 0;
	char *reply = fake.out + 1, *end;
	char expected[4];

	send_packet(packet, strlen(packet));
	CHECK_EQ(fake.out[0], '+');
	if (fake.sent == 1)
		return "(none)";
	CHECK_EQ(reply[0], '$');
	end = strrchr(reply, '#');
	for (const char *at = reply + 1; at < end; at++)
		sum = (uint8_t)(sum + (uint8_t)*at);
	snprintf(expected, sizeof(expected), "#%02x", sum);
	CHECK_EQ(strcmp(end, expected), 0);
	*end = '\0';
	return reply + 1;
}

#define CHECK_REPLY(packet, text)                                                                  \
	do {                                                                                       \
		const char *reply_ = ask(packet);                                                  \
		if (strcmp(reply_, text) != 0)                                                     \
			fprintf(stderr, "%s: %s, not %s\n", packet, reply_, text);                 \
		CHECK(strcmp(reply_, text) == 0);                                                  \
	} while (0)

static void test_frames(void)
{
	begin();
	send_bytes("$?#3f", 5);
	CHECK_EQ(strncmp(fake.out, "+$T05thread:1;#", 15), 0);
	send_bytes("-", 1); /* once more */
	CHECK_EQ(strncmp(fake.out, "$T05thread:1;#", 14), 0);
	send_bytes("$?#40", 5); /* damaged */
	CHECK_EQ(strcmp(fake.out, "-"), 0);
	send_bytes("$?#zz", 5);
	CHECK_EQ(strcmp(fake.out, "-"), 0);
	send_bytes("+++x\x01", 5); /* nothing */
	CHECK_EQ(fake.sent, 0);
	send_bytes("$qQQ$?#3f", 9); /* the end of one is lost */
	CHECK_EQ(strncmp(fake.out, "+$T05", 5), 0);
	for (const char *at = "$?#3f"; *at; at++) /* byte by byte */
		send_bytes(at, 1);
	CHECK_EQ(strncmp(fake.out, "+$T05", 5), 0);
	CHECK_REPLY("QStartNoAckMode", "OK");
	send_bytes("$?#3f", 5);
	CHECK_EQ(fake.out[0], '$');
	send_bytes("$?#00", 5);
	CHECK_EQ(fake.sent, 0);
}

static void test_too_long(void)
{
	static char big[GDB_PACKET_MAX + 2];

	begin();
	memset(big, 'm', sizeof(big));
	send_packet(big, GDB_PACKET_MAX + 1);
	CHECK_EQ(strcmp(fake.out, "-"), 0);
	send_packet(big, GDB_PACKET_MAX); /* fits, and is nonsense */
	CHECK_EQ(strncmp(fake.out, "+$E", 3), 0);
	CHECK_REPLY("?", "T05thread:1;");
}

static void test_registers(void)
{
	begin();
	CHECK_REPLY("g", "00"
			 "0000"
			 "00000000"
			 "0000000000000000");
	CHECK_REPLY("P2=78563412", "OK");
	CHECK_REPLY("p2", "78563412");
	CHECK_EQ(fake.registers[0][2][0], 0x78);
	CHECK_REPLY("P1=0102", "E01"); /* EPERM */
	CHECK_REPLY("G01"
		    "0203"
		    "04050607"
		    "08090a0b0c0d0e0f",
		    "OK"); /* the second stays */
	CHECK_REPLY("g", "01"
			 "0000"
			 "04050607"
			 "08090a0b0c0d0e0f");
	CHECK_REPLY("Hg2", "OK");
	CHECK_REPLY("p2", "00000000");
	CHECK_REPLY("P3=ffffffffffffffff", "OK");
	CHECK_EQ(fake.registers[1][3][7], 0xff);
	CHECK_REPLY("Hg0", "OK"); /* any: stays */
	CHECK_REPLY("qC", "QC2");
	const char *wrong[] = {"p4",
			       "p",
			       "pffffffffffffffff",
			       "p00000000000000001",
			       "P2=123",
			       "P2=1234",
			       "P2=1234567g",
			       "P4=00",
			       "P2",
			       "G00",
			       "Gzz",
			       "Hg4",
			       "Hx1",
			       "Hg",
			       "Hg1 ",
			       "T4",
			       "T"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_REPLY(wrong[i], "E16");
	CHECK_REPLY("T3", "OK");
	CHECK_REPLY("Hc-1", "OK");
}

static void test_memory(void)
{
	static const char binary[] = "X1010,4:a}\x03}\x04\0"; /* "#", "$" escaped, a NUL */
	static char all[16];

	begin();
	CHECK_REPLY("M1000,4:01020304", "OK");
	CHECK_REPLY("m1000,4", "01020304");
	CHECK_REPLY("m1002,1", "03");
	CHECK_REPLY("m10ffe,8", "0000"); /* as much as there is */
	CHECK_REPLY("m0,1", "E0e");
	CHECK_REPLY("m11000,1", "E0e");
	CHECK_REPLY("mffffffffffffffff,ffffffffffffffff", "E0e");
	CHECK_REPLY("M10fff,2:0102", "E0e");
	send_packet(binary, sizeof(binary) - 1);
	CHECK_EQ(strncmp(fake.out, "+$OK#", 5), 0);
	memcpy(all, fake.memory + 0x10, 4);
	CHECK_EQ(memcmp(all, "a#$\0", 4), 0);
	CHECK_REPLY("X1000,0:", "OK"); /* GDB asks whether we know X */
	const char *wrong[] = {"m",	     "m1000",	   "m1000,",
			       "m1000,1:",   "M1000,2:01", "M1000,1:0102",
			       "M1000,1:zz", "M1000,1",	   "X1000,2:a",
			       "X1000,1:}",  "X1000",	   "M1000,ffffffffffffffff:00"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_REPLY(wrong[i], "E16");
	/* The largest that is asked for fits. */
	CHECK_EQ(strlen(ask("m1000,10000")), GDB_PACKET_MAX);
}

static void test_breakpoints(void)
{
	begin();
	CHECK_REPLY("Z0,401000,1", "OK");
	CHECK_EQ(fake.breakpoints, 1);
	CHECK_EQ(fake.address, 0x401000);
	CHECK_REPLY("Z2,1008,8", "OK");
	CHECK_EQ(fake.kind, GDB_WATCH_WRITE);
	CHECK_EQ(fake.length, 8);
	CHECK_REPLY("z2,1008,8", "OK");
	CHECK_EQ(fake.breakpoints, 1);
	CHECK_REPLY("Z3,1008,8", ""); /* not supported */
	CHECK_REPLY("Z5,1008,8", "");
	const char *wrong[] = {"Z", "Z0", "Z0,", "Z0,1", "Z0,1,", "z0,,1", "Z2,0,9"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_REPLY(wrong[i], "E16");
}

static void stop_at(unsigned cpu, enum gdb_stop_reason reason, enum gdb_breakpoint kind)
{
	const struct gdb_stop stop = {
		.cpu = cpu, .reason = reason, .kind = kind, .address = 0x1008};

	fake.sent = 0;
	fake.running = false;
	gdb_server_stopped(&server, &stop);
	fake.out[fake.sent] = '\0';
}

static void test_running(void)
{
	begin();
	CHECK_REPLY("vCont?", "vCont;c;C;s;S");
	CHECK_REPLY("vCont;s:2;c", "(none)");
	CHECK(fake.running);
	CHECK_EQ(fake.actions[0], GDB_CONTINUE);
	CHECK_EQ(fake.actions[1], GDB_STEP);
	CHECK_EQ(fake.actions[2], GDB_CONTINUE);
	CHECK_REPLY("g", "E10"); /* EBUSY */
	send_bytes("\x03", 1);
	CHECK_EQ(fake.stops, 1);
	stop_at(1, GDB_STOPPED_BY_REQUEST, 0);
	CHECK_EQ(strncmp(fake.out, "$T02thread:2;#", 14), 0);
	CHECK_REPLY("qC", "QC2");
	send_bytes("\x03", 1); /* it has stopped: nothing */
	CHECK_EQ(fake.stops, 1);
	CHECK_REPLY("vCont;s:3", "(none)"); /* the others stay */
	CHECK_EQ(fake.actions[0], GDB_STAY);
	CHECK_EQ(fake.actions[2], GDB_STEP);
	stop_at(2, GDB_STOPPED_AT_BREAKPOINT, GDB_BREAK_SOFTWARE);
	CHECK_EQ(strncmp(fake.out, "$T05thread:3;#", 14), 0); /* GDB has not said it knows more */
	const char *wrong[] = {"vCont;", "vCont;x", "vCont;c:9", "vCont;C", "vCont;c:1x"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_REPLY(wrong[i], "E16");
	CHECK(!fake.running);
	CHECK_REPLY("s", "(none)");
	CHECK_EQ(fake.actions[2], GDB_STEP);
	CHECK_EQ(fake.actions[0], GDB_CONTINUE);
	stop_at(0, GDB_STOPPED_AFTER_STEP, 0);
	CHECK_REPLY("c", "(none)");
	fake.sent = 0;
	gdb_server_exited(&server, 7);
	CHECK_EQ(strncmp(fake.out, "$W07#", 5), 0);
}

static void test_queries(void)
{
	begin();
	CHECK_EQ(strncmp(ask("qSupported:swbreak+;hwbreak+;xmlRegisters=i386"), "PacketSize=4000;",
			 16),
		 0);
	CHECK_REPLY("c", "(none)");
	stop_at(0, GDB_STOPPED_AT_BREAKPOINT, GDB_BREAK_HARDWARE);
	CHECK_EQ(strncmp(fake.out, "$T05thread:1;hwbreak:;#", 23), 0);
	CHECK_REPLY("c", "(none)");
	stop_at(0, GDB_STOPPED_AT_BREAKPOINT, GDB_WATCH_WRITE);
	CHECK_EQ(strncmp(fake.out, "$T05thread:1;watch:1008;#", 25), 0);
	CHECK_REPLY("qXfer:features:read:target.xml:0,7", "m<target");
	/* The last part, escaped. */
	send_packet("qXfer:features:read:target.xml:8,100", 36);
	CHECK_EQ(strncmp(fake.out, "+$l}\x03}\x04}]}\n</target>#", 21), 0);
	CHECK_REPLY("qXfer:features:read:target.xml:15,7", "l"); /* the end */
	CHECK_REPLY("qXfer:features:read:target.xml:16,7", "E16");
	CHECK_REPLY("qXfer:features:read:target.xml:ffffffffffffffff,7", "E16");
	CHECK_REPLY("qXfer:features:read:target.xml:0", "E16");
	CHECK_REPLY("qXfer:features:read:other.xml:0,7", "");
	CHECK_REPLY("qfThreadInfo", "m1,2,3");
	CHECK_REPLY("qsThreadInfo", "l");
	CHECK_REPLY("qThreadExtraInfo,2", "4350552031"); /* "CPU 1" */
	CHECK_REPLY("qThreadExtraInfo,9", "E16");
	CHECK_REPLY("qAttached", "1");
	CHECK_REPLY("qNothing", "");
	CHECK_REPLY("!", "");
	CHECK_REPLY("", "");
}

static void test_ends(void)
{
	static const uint8_t one[] = "$D#44";

	begin();
	CHECK(!gdb_server_receive(&server, one, 5));
	CHECK_EQ(fake.detached, 1);
	begin();
	CHECK_REPLY("k", "(none)");
	CHECK_EQ(fake.killed, 1);
	begin();
	CHECK_REPLY("vKill;1", "OK");
	CHECK_EQ(fake.killed, 1);
}

int main(void)
{
	test_frames();
	test_too_long();
	test_registers();
	test_memory();
	test_breakpoints();
	test_running();
	test_queries();
	test_ends();
	return 0;
}
