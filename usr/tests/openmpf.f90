! SPDX-License-Identifier: BSD-3-Clause
!
! openmpf: proves that OpenMP works in Fortran as well: a parallel loop with a reduction over a matrix
! product, a critical part, and private and shared variables. The result does not depend on the number of
! threads.
program openmpf
    use omp_lib
    implicit none
    integer, parameter :: n = 120
    integer :: i, j, total, threads
    integer :: a(n, n), b(n, n), c(n, n)
    integer(kind=8) :: checksum

    do j = 1, n
        do i = 1, n
            a(i, j) = mod(i * 7 + j * 3, 11)
            b(i, j) = mod(i * 5 + j * 2, 13)
        end do
    end do

    checksum = 0
    !$omp parallel do num_threads(4) private(i) reduction(+:checksum) schedule(dynamic)
    do j = 1, n
        do i = 1, n
            c(i, j) = dot_product(a(i, :), b(:, j))
            checksum = checksum + int(c(i, j), 8) * (i + j)
        end do
    end do
    !$omp end parallel do
    print '(a,i0)', 'checksum: ', checksum
    if (any(c /= matmul(a, b))) then
        print '(a)', 'the product is wrong'
        stop 1
    end if

    total = 0
    threads = 0
    !$omp parallel num_threads(3)
    !$omp critical
    total = total + omp_get_thread_num()
    threads = threads + 1
    !$omp end critical
    !$omp end parallel
    print '(a,i0,a,i0)', 'threads: ', threads, ', sum of their numbers: ', total
    if (threads /= 3 .or. total /= 3) stop 2
end program openmpf
