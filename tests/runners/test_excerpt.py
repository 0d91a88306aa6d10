from hypothesis import given
from hypothesis import strategies as st

from outlast.runners.excerpt import Excerpt


@given(st.lists(st.binary(max_size=40)), st.integers(1, 20).map(lambda half: 2 * half))
def test_an_excerpt_is_the_text_or_its_ends(chunks, size):
    excerpt, whole = Excerpt(size), b"".join(chunks)
    for chunk in chunks:
        excerpt.add(chunk)
    text = excerpt.text()
    if len(whole) <= size:
        assert text == whole.decode("utf-8", "replace")
    else:
        gap = f"\n[{len(whole) - size:,} bytes left out]\n".encode()
        kept = whole[:size // 2] + gap + whole[-(size // 2):]
        assert text == kept.decode("utf-8", "replace")
