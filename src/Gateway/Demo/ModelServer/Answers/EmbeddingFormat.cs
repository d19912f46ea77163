using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>OpenAI embeddings, Ollama embed and Ollama's older embeddings; never streamed. Equal inputs have equal vectors of length 1.</summary>
internal sealed class EmbeddingFormat(EmbeddingShape shape) : IAnswerFormat
{
    public void Whole(IBufferWriter<byte> output, Answer answer)
    {
        var inputs = answer.Call.Inputs;
        output.Add(shape switch
        {
            EmbeddingShape.OpenAi => "{\"object\":\"list\",\"data\":["u8,
            EmbeddingShape.Ollama => "{\"embeddings\":["u8,
            _ => "{\"embedding\":"u8,
        });
        for (var i = 0; i < inputs.Count && (i == 0 || shape != EmbeddingShape.OllamaSingle); i++)
        {
            output.Add(i == 0 ? ""u8 : ","u8);
            var vector = Vector(inputs[i], answer.Call.Dimensions);
            if (shape == EmbeddingShape.OpenAi)
            {
                output.Add("{\"object\":\"embedding\",\"index\":"u8).Add(i).Add(",\"embedding\":"u8);
            }

            Write(output, vector, answer.Call.Base64 && shape == EmbeddingShape.OpenAi);
            output.Add(shape == EmbeddingShape.OpenAi ? "}"u8 : ""u8);
        }

        Tail(output, answer);
    }

    private void Tail(IBufferWriter<byte> output, Answer answer)
    {
        switch (shape)
        {
            case EmbeddingShape.OpenAi:
                output.Add("],\"model\":\""u8).Add(answer.ModelJson).Add("\",\"usage\":{\"prompt_tokens\":"u8).Add(answer.PromptTokens)
                    .Add(",\"total_tokens\":"u8).Add(answer.PromptTokens).Add("}}"u8);
                break;
            case EmbeddingShape.Ollama:
                output.Add("],\"model\":\""u8).Add(answer.ModelJson).Add("\",\"total_duration\":"u8).Add(answer.Durations.Prefill)
                    .Add(",\"load_duration\":0,\"prompt_eval_count\":"u8).Add(answer.PromptTokens).Add("}"u8);
                break;
            default:
                output.Add("}"u8);
                break;
        }
    }

    private static void Write(IBufferWriter<byte> output, float[] vector, bool base64)
    {
        if (base64)
        {
            var bytes = new byte[vector.Length * sizeof(float)];
            for (var i = 0; i < vector.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
            }

            output.Add("\""u8).Add(Convert.ToBase64String(bytes)).Add("\""u8);
            return;
        }

        output.Add("["u8).Add(string.Join(',', vector.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))).Add("]"u8);
    }

    private static float[] Vector(ulong seed, int dimensions)
    {
        var vector = new double[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            vector[i] = (Chance.Fraction(seed, (ulong)i) * 2) - 1;
        }

        var length = Math.Sqrt(vector.Sum(v => v * v));
        return [.. vector.Select(v => (float)(v / length))];
    }
}

/// <summary>Which embedding answer.</summary>
internal enum EmbeddingShape
{
    OpenAi,
    Ollama,
    OllamaSingle,
}
