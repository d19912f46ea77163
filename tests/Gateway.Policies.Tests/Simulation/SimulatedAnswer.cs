using System.Text;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>The body of an answer, which comes piece by piece.</summary>
internal sealed class SimulatedAnswer(SimulatedServer server, string[] pieces, AnswerEnding ending, double between, Action ended) : Stream
{
    private int _next;
    private bool _hasCome;
    private bool _isOver;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Asked with an empty buffer, a connection tells when there is something to read, and gives nothing.
        if (_next >= pieces.Length && ending == AnswerEnding.Whole)
        {
            Over();
            return 0;
        }

        try
        {
            if (!_hasCome)
            {
                var isLast = _next >= (pieces.Length + 1) / 2 && ending != AnswerEnding.Whole;
                await server.Wait(isLast && ending == AnswerEnding.Still ? double.PositiveInfinity : _next == 0 ? 0 : between, cancellationToken);
                if (isLast)
                {
                    throw new HttpIOException(HttpRequestError.ResponseEnded, "Broken off.");
                }

                _hasCome = true;
            }
        }
        catch
        {
            Over();
            throw;
        }

        if (buffer.Length == 0)
        {
            return 0;
        }

        _hasCome = false;
        return Encoding.UTF8.GetBytes(pieces[_next++], buffer.Span);
    }

    protected override void Dispose(bool disposing)
    {
        Over();
        base.Dispose(disposing);
    }

    private void Over()
    {
        if (!_isOver)
        {
            _isOver = true;
            ended();
        }
    }
}
