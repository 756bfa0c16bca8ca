# SPDX-License-Identifier: BSD-3-Clause
#
# Every language links and runs; what needs more than the C library is linked in.
. "$(dirname "$0")/common.sh"

cat >c.c <<'END'
#include <stdio.h>
int main(void)
{
	int n = 0;
#pragma omp parallel for reduction(+ : n)
	for (int i = 0; i < 10; i++)
		n += i;
	printf("%d\n", n);
	return 0;
}
END
cat >cxx.cpp <<'END'
#include <iostream>
#include <stdexcept>
int main()
{
	try {
		throw std::runtime_error("caught");
	} catch (const std::exception &error) {
		std::cout << error.what() << std::endl;
	}
}
END
cat >f.f90 <<'END'
program quad
	real(16) :: two
	two = 2.0_16
	print '(F34.30)', sqrt(two)
end program
END
cat >g.go <<'END'
package main

import "fmt"

func main() {
	c := make(chan string)
	go func() { c <- "from a goroutine" }()
	fmt.Println(<-c)
}
END

"$bin/x86_64-hermit-gcc" -O2 -fopenmp -o c c.c
"$bin/x86_64-hermit-g++" -O2 -o cxx cxx.cpp
"$bin/x86_64-hermit-gfortran" -O2 -o f f.f90
"$bin/x86_64-hermit-gccgo" -O2 -o g g.go
for program in c cxx f g; do
	"$image_tool" is-sealed $program || fail "$program is no image"
done
expect C 45 "$(run_image ./c)"
expect C++ caught "$(run_image ./cxx)"
expect Fortran '  1.414213562373095048801688724210' "$(run_image ./f)"
expect Go 'from a goroutine' "$(run_image ./g)"
echo passed
