/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatted text: the format is read once from left to right; each conversion puts its characters
 * through put(), which counts all and stores what fits. */
#include <lib/printf.h>
#include <lib/string.h>

struct output {
	char *buffer;
	size_t size;   /* of buffer */
	size_t length; /* characters produced so far */
};

struct spec {
	bool left, zero, plus, space, alternate;
	size_t width;
	long precision; /* -1: none */
	unsigned bytes; /* of the integer argument */
	char conversion;
};

static void put(struct output *out, char c)
{
	if (out->length < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, size_t count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(struct output *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
}

static void format_string(struct output *out, const struct spec *spec, const char *text)
{
	size_t length, pad;

	if (!text)
		text = "(null)";
	length = spec->precision >= 0 ? strnlen(text, (size_t)spec->precision) : strlen(text);
	pad = spec->width > length ? spec->width - length : 0;
	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_text(out, text, length);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

/* PREFIX is a sign or 0x, before the padding with zeros. */
static void format_number(struct output *out, const struct spec *spec, uint64_t value,
			  const char *prefix)
{
	bool hex = spec->conversion == 'x' || spec->conversion == 'X';
	unsigned base = hex ? 16 : spec->conversion == 'o' ? 8 : 10;
	const char *symbols = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[22]; /* of 64 bits in octal */
	size_t count = 0, zeros = 0, pad, used;

	for (; value; value /= base)
		digits[count++] = symbols[value % base];
	if (!count && spec->precision != 0)
		digits[count++] = '0';
	if (spec->precision >= 0 && (size_t)spec->precision > count)
		zeros = (size_t)spec->precision - count;
	used = strlen(prefix) + count + zeros;
	pad = spec->width > used ? spec->width - used : 0;
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_text(out, prefix, strlen(prefix));
	put_repeated(out, '0', zeros);
	while (count > 0)
		put(out, digits[--count]);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static void format_signed(struct output *out, const struct spec *spec, int64_t value)
{
	const char *prefix = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	if (spec->bytes == 1)
		value = (int8_t)value;
	else if (spec->bytes == 2)
		value = (int16_t)value;
	format_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, prefix);
}

static void format_unsigned(struct output *out, const struct spec *spec, uint64_t value)
{
	bool hex = spec->conversion == 'x' || spec->conversion == 'X';

	if (spec->bytes < 8)
		value &= (1ull << 8 * spec->bytes) - 1;
	format_number(out, spec, value, hex && spec->alternate && value ? "0x" : "");
}

static const char *parse_flags(struct spec *spec, const char *at)
{
	for (;; at++) {
		switch (*at) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return at;
		}
	}
}

static const char *parse_number(const char *at, int *out)
{
	int value = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (value < 100000)
			value = value * 10 + (*at - '0');
	}
	*out = value;
	return at;
}

static const char *parse_length(struct spec *spec, const char *at)
{
	spec->bytes = sizeof(int);
	if (*at == 'h') {
		spec->bytes = at[1] == 'h' ? 1 : 2;
		return at + (at[1] == 'h' ? 2 : 1);
	}
	if (*at == 'l' || *at == 'z' || *at == 'j' || *at == 't') {
		spec->bytes = 8;
		return at + (at[0] == 'l' && at[1] == 'l' ? 2 : 1);
	}
	return at;
}

/* Reads flags, width, precision and length; AT is behind the %. The * forms take arguments. */
static const char *parse_spec(struct spec *spec, const char *at, va_list *arguments)
{
	int number;

	*spec = (struct spec){.precision = -1};
	at = parse_flags(spec, at);
	if (*at == '*') {
		number = va_arg(*arguments, int);
		at++;
	} else {
		at = parse_number(at, &number);
	}
	if (number < 0)
		spec->left = true;
	spec->width = number < 0 ? -(size_t)number : (size_t)number;
	if (*at == '.') {
		at++;
		if (*at == '*') {
			spec->precision = va_arg(*arguments, int);
			at++;
		} else {
			at = parse_number(at, &number);
			spec->precision = number;
		}
	}
	at = parse_length(spec, at);
	spec->conversion = *at;
	return *at ? at + 1 : at;
}

static void convert(struct output *out, struct spec *spec, va_list *arguments)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		format_signed(out, spec,
			      spec->bytes == 8 ? va_arg(*arguments, int64_t)
					       : va_arg(*arguments, int));
		break;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		format_unsigned(out, spec,
				spec->bytes == 8 ? va_arg(*arguments, uint64_t)
						 : va_arg(*arguments, unsigned));
		break;
	case 'p':
		spec->conversion = 'x';
		format_number(out, spec, (uintptr_t)va_arg(*arguments, void *), "0x");
		break;
	case 's':
		format_string(out, spec, va_arg(*arguments, const char *));
		break;
	case 'c':
		c = (char)va_arg(*arguments, int);
		spec->precision = 1;
		format_string(out, spec, c ? (char[]){c, '\0'} : "");
		break;
	case '%':
		put(out, '%');
		break;
	case '\0':
		break;
	default:
		put(out, '%');
		put(out, spec->conversion);
	}
}

size_t kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct output out = {buffer, size, 0};
	struct spec spec;
	va_list list;

	va_copy(list, arguments);
	while (*format) {
		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format = parse_spec(&spec, format + 1, &list);
		convert(&out, &spec, &list);
	}
	va_end(list);
	if (size)
		buffer[MIN(out.length, size - 1)] = '\0';
	return out.length;
}

size_t ksnprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = kvsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
