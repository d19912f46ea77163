using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference;

/// <summary>Finds where events end: after a blank line, whose line ends are LF, CR or CRLF and may be cut anywhere between reads.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct EventBoundary
{
    private bool _inLine;
    private bool _afterReturn;

    /// <summary>Bytes up to the end of the current event, −1 when it goes on after these bytes.</summary>
    public int Find(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            if (_afterReturn && bytes[at] == '\n')
            {
                _afterReturn = false;
                at++;
                continue;
            }

            var length = bytes[at..].IndexOfAny((byte)'\n', (byte)'\r');
            if (length < 0)
            {
                _afterReturn = false;
                _inLine = true;
                return -1;
            }

            var blank = length == 0 && !_inLine;
            at += length + 1;
            _afterReturn = bytes[at - 1] == '\r';
            _inLine = false;
            if (blank)
            {
                return at + TakeLineFeed(bytes[at..]);
            }
        }

        return -1;
    }

    /// <summary>Skips the line feed of a CRLF whose other half is gone.</summary>
    public ReadOnlySpan<byte> SkipLineFeed(ReadOnlySpan<byte> bytes) => bytes[TakeLineFeed(bytes)..];

    private int TakeLineFeed(ReadOnlySpan<byte> bytes)
    {
        if (!_afterReturn || bytes.Length == 0)
        {
            return 0;
        }

        _afterReturn = false;
        return bytes[0] == '\n' ? 1 : 0;
    }
}
