! SPDX-License-Identifier: BSD-3-Clause
!
! hellof: proves that the Fortran run-time library starts, prints, formats numbers, sees the arguments,
! and writes and reads a file.
program hellof
    implicit none
    integer, parameter :: unit = 10
    integer :: i, number, status
    real(kind=8) :: values(5), total
    character(len=64) :: argument

    print '(a)', 'Hello World from Fortran!'
    do i = 1, command_argument_count()
        call get_command_argument(i, argument)
        print '(a,i0,2a)', 'argument ', i, ': ', trim(argument)
    end do

    values = [(sqrt(real(i, kind=8)), i = 1, 5)]
    print '(5f10.6)', values
    print '(a,f12.8)', 'dot product: ', dot_product(values, values)

    open (unit=unit, file='hellof.txt', status='replace', action='readwrite', iostat=status)
    if (status /= 0) then
        print '(a)', 'cannot write hellof.txt'
        stop 1
    end if
    do i = 1, 100
        write (unit, '(i8)') i * i
    end do
    rewind (unit)
    total = 0
    do i = 1, 100
        read (unit, *) number
        total = total + number
    end do
    close (unit)
    print '(a,f10.1)', 'sum read back from hellof.txt: ', total
    if (total /= 338350.0d0) stop 2
end program hellof
