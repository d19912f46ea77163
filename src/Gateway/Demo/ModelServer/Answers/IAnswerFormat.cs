using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>How one operation of one dialect writes an answer as one document.</summary>
internal interface IAnswerFormat
{
    void Whole(IBufferWriter<byte> output, Answer answer);
}

/// <summary>How it writes the answer as a stream. Each call writes whole frames.</summary>
internal interface IStreamFormat : IAnswerFormat
{
    /// <summary>Content type of the stream.</summary>
    string StreamType { get; }

    /// <summary>Frames before the first token.</summary>
    void Begin(IBufferWriter<byte> output, Answer answer);

    /// <summary>The frame of one token, from 0.</summary>
    void Token(IBufferWriter<byte> output, Answer answer, int index);

    /// <summary>Frames after the last token.</summary>
    void End(IBufferWriter<byte> output, Answer answer);

    /// <summary>An error inside the stream.</summary>
    void Error(IBufferWriter<byte> output, string type, string message);
}
