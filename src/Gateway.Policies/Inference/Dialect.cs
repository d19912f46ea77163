namespace BlazeGateway.Policies.Inference;

/// <summary>Whose wire format a request speaks; decides the shape of errors and how a stream is read.</summary>
public enum Dialect : byte
{
    /// <summary>OpenAI and everything compatible: server-sent events with unnamed frames, <c>[DONE]</c> last.</summary>
    OpenAi,

    /// <summary>Anthropic Messages: named server-sent events, <c>message_stop</c> last.</summary>
    Anthropic,

    /// <summary>Ollama: one JSON object per line, <c>"done":true</c> last.</summary>
    Ollama,
}
