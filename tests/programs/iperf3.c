/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iperf3's main program, over the library that does everything else.
 */
#include <stdint.h>
#include <stdio.h>

#include <iperf_api.h>

static int fail(int status)
{
	fprintf(stderr, "iperf3: %s\n", iperf_strerror(i_errno));
	return status;
}

int main(int argc, char **argv)
{
	struct iperf_test *test = iperf_new_test();
	int result;

	if (!test || iperf_defaults(test) < 0 || iperf_parse_arguments(test, argc, argv) < 0)
		return fail(2);
	if (iperf_get_test_role(test) == 's') {
		/* One test after the other; a client's failure (-1) is not the server's end. */
		while ((result = iperf_run_server(test)) >= -1 && !iperf_get_test_one_off(test))
			iperf_reset_test(test);
	} else {
		result = iperf_run_client(test);
	}
	if (result < 0)
		return fail(1);
	iperf_free_test(test);
	return 0;
}
