using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>How one operation of one dialect writes an answer. Each call writes whole frames.</summary>
internal interface IAnswerFormat
{
    /// <summary>Content type of a streamed answer.</summary>
    string StreamType { get; }

    /// <summary>Frames before the first token.</summary>
    void Begin(IBufferWriter<byte> output, Answer answer);

    /// <summary>The frame of one token, from 0.</summary>
    void Token(IBufferWriter<byte> output, Answer answer, int index);

    /// <summary>Frames after the last token.</summary>
    void End(IBufferWriter<byte> output, Answer answer);

    /// <summary>An error inside a stream.</summary>
    void Error(IBufferWriter<byte> output, string type, string message);

    /// <summary>The answer as one document.</summary>
    void Whole(IBufferWriter<byte> output, Answer answer);
}
