! SPDX-License-Identifier: BSD-3-Clause
! sum: a Fortran program with OpenMP.
program sum_up
	use, intrinsic :: iso_fortran_env, only: int64
	implicit none
	integer(int64) :: i, total

	total = 0
	!$omp parallel do reduction(+:total)
	do i = 1, 1000000_int64
		total = total + i
	end do
	!$omp end parallel do
	print *, 'sum', total
end program sum_up
